/** How long the end of an object may take: its pods end, then what it has in Coder goes, each in a bounded time. */
import type { Deployment } from "../../api/kubernetes/types.ts";
import type { KubeObject } from "../../api/object.ts";

/** What the cluster may take to end pods beside their grace period, in milliseconds. */
export const POD_SLACK_MS = 60_000;

/**
 * What is left of `limitMs` for an object that is being deleted, in milliseconds from `now`; 0 where it is over, all of it
 * where the object does not say since when.
 */
export function timeLeftMs({ metadata }: KubeObject, limitMs: number, now: Date): number {
  const since = Date.parse(metadata.deletionTimestamp ?? "");
  return Number.isNaN(since) ? limitMs : Math.max(0, since + limitMs - now.getTime());
}

/**
 * How long the pods of an object that is being deleted may go on, in milliseconds from `now`; 0 where they have ended or
 * have had their time.
 *
 * @param deployment the object's own as the cache has it; its deletion ends when its last pod is gone
 * @param graceSeconds grace period of pods where their template says none
 */
export function podsMayRunMs(
  object: KubeObject,
  deployment: Deployment | undefined,
  graceSeconds: number,
  now: Date,
): number {
  if (deployment === undefined) return 0;
  const seconds = deployment.spec?.template.spec?.terminationGracePeriodSeconds ?? graceSeconds;
  return timeLeftMs(object, seconds * 1_000 + POD_SLACK_MS, now);
}
