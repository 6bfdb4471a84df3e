/** How long the end of an object may take: its pods end, then what it has in Coder goes, each in a bounded time. */
import type { Condition, Deployment } from "../../api/kubernetes/types.ts";
import type { KubeObject } from "../../api/object.ts";
import { conditionOf } from "../../workload/conditions.ts";

/** What the cluster may take to end pods beside their grace period, in milliseconds. */
export const POD_SLACK_MS = 60_000;

/** The condition of an object that ends. */
export const TERMINATING = "Terminating";

type Ending = KubeObject & { status?: { conditions?: readonly Condition[] | undefined } };

/**
 * When the operator began with the end, which may be long after somebody asked for it: its own absence must not use up the
 * time for pods and for Coder. It is when {@linkcode TERMINATING} became true; `now`, where the first pass is yet to come.
 */
export function endingSince({ status }: Ending, now: Date): Date {
  const said = conditionOf(status?.conditions, TERMINATING);
  const since = said?.status === "True" ? Date.parse(said.lastTransitionTime) : NaN;
  return Number.isNaN(since) ? now : new Date(Math.min(since, now.getTime()));
}

/** What is left of `limitMs` for an object that is being deleted, in milliseconds from `now`; 0 where it is over. */
export function timeLeftMs(object: Ending, limitMs: number, now: Date): number {
  return Math.max(0, endingSince(object, now).getTime() + limitMs - now.getTime());
}

/**
 * How long the pods of an object that is being deleted may go on, in milliseconds from `now`; 0 where they have ended or
 * have had their time.
 *
 * @param deployment the object's own as the cache has it; its deletion ends when its last pod is gone
 * @param graceSeconds grace period of pods where their template says none
 */
export function podsMayRunMs(
  object: Ending,
  deployment: Deployment | undefined,
  graceSeconds: number,
  now: Date,
): number {
  if (deployment === undefined) return 0;
  const seconds = deployment.spec?.template.spec?.terminationGracePeriodSeconds ?? graceSeconds;
  return timeLeftMs(object, seconds * 1_000 + POD_SLACK_MS, now);
}
