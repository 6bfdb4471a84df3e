/**
 * The end of a workspace proxy, in order: its pods end, its registrations are removed from Coder, the finalizer goes. Each
 * part takes a bounded time.
 */
import type { CoderWorkspaceProxy } from "../api/workspace_proxy.ts";
import type { Deployment } from "../api/kubernetes/types.ts";
import { controllerOf } from "../kube/apply/owner_references.ts";
import {
  endingSince,
  POD_SLACK_MS,
  podsMayRunMs as sharedMayRunMs,
  timeLeftMs,
} from "../operator/pass/ending.ts";
import { hasFinalizer } from "../operator/pass/finalizers.ts";
import { childLabels } from "./children.ts";
import { REMOVE_LIMIT_MS } from "./registration/mod.ts";

/** Holds a proxy until its registrations are removed from Coder: on every proxy that the operator registers. */
export const PROXY_FINALIZER = "coder.com/workspace-proxy-cleanup";

/** On a proxy that is being deleted: `"true"` gives up the registrations that cannot be removed, and waits for no pod. */
export const GIVE_UP_ANNOTATION = "coder.com/give-up-registration";

/** Grace period of pods where nothing says one, in seconds: the cluster's default. */
const GRACE_SECONDS = 30;

/** True where the operator has something to do before the object may go. */
export function isHeldForCoder(object: CoderWorkspaceProxy): boolean {
  return hasFinalizer(object, PROXY_FINALIZER);
}

/** Somebody asked not to wait for Coder or for pods any more. */
export function givesUp({ metadata }: CoderWorkspaceProxy): boolean {
  return metadata.annotations?.[GIVE_UP_ANNOTATION] === "true";
}

/**
 * True where the object goes and what belongs to it stays, as `kubectl delete --cascade=orphan` has it: pods that go on
 * need their registration. `named`: what there is under the Deployment's name, whoever it belongs to.
 */
export function isOrphaning(object: CoderWorkspaceProxy, named: Deployment | undefined): boolean {
  if ((object.metadata.finalizers ?? []).includes("orphan")) return true;
  // The finalizer goes once nothing is owned any more.
  const labels = Object.entries(childLabels(object));
  return named !== undefined && controllerOf(named) === undefined &&
    named.metadata.deletionTimestamp === undefined &&
    labels.every(([name, value]) => named.metadata.labels?.[name] === value);
}

/**
 * How long the pods of a proxy that is being deleted may go on, in milliseconds from `now`; 0 where they have ended, have
 * had their time, or nobody waits for them.
 *
 * @param deployment the proxy's own as the cache has it; its deletion ends when its last pod is gone
 */
export function podsMayRunMs(
  object: CoderWorkspaceProxy,
  deployment: Deployment | undefined,
  now: Date,
): number {
  return givesUp(object) ? 0 : sharedMayRunMs(object, deployment, GRACE_SECONDS, now);
}

/** Since when registrations count as being removed: pods have had their time. It may be yet to come. */
export function removalSince(object: CoderWorkspaceProxy, now: Date): Date {
  return new Date(endingSince(object, now).getTime() + graceOf(object) * 1_000 + POD_SLACK_MS);
}

/** After so long, in milliseconds from `now`, the finalizer goes whatever is left in Coder; 0: now. */
export function finalizerMayStayMs(object: CoderWorkspaceProxy, now: Date): number {
  // Visits give registrations up first, and say why.
  return timeLeftMs(object, graceOf(object) * 1_000 + 2 * POD_SLACK_MS + REMOVE_LIMIT_MS, now);
}

function graceOf({ spec }: CoderWorkspaceProxy): number {
  const given: unknown = spec?.terminationGracePeriodSeconds;
  return typeof given === "number" ? given : GRACE_SECONDS;
}
