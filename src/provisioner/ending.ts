/**
 * The end of a provisioner, in order: its pods finish their builds, its keys are deleted in Coder, the finalizer goes. Each
 * part takes a bounded time.
 */
import type { CoderProvisioner } from "../api/provisioner.ts";
import type { Deployment } from "../api/kubernetes/types.ts";
import { POD_SLACK_MS, podsMayRunMs as sharedMayRunMs, timeLeftMs } from "../operator/pass/ending.ts";
import { REVOKE_LIMIT_MS } from "./keys/mod.ts";

/** Holds a provisioner until its keys are deleted in Coder. The Go operator's. */
export const KEY_FINALIZER = "coder.com/provisioner-key-cleanup";

/** On a provisioner that is being deleted: `"true"` gives up the keys that cannot be deleted, and waits for no build. */
export const GIVE_UP_ANNOTATION = "coder.com/give-up-keys";

/** Grace period of pods where nothing says one, in seconds: the default of provisioners. */
const GRACE_SECONDS = 600;

/** Somebody asked not to wait for Coder or for builds any more. */
export function givesUp({ metadata }: CoderProvisioner): boolean {
  return metadata.annotations?.[GIVE_UP_ANNOTATION] === "true";
}

/**
 * How long the pods of a provisioner that is being deleted may go on, in milliseconds from `now`; 0 where they have ended,
 * have had their time, or nobody waits for them. Until then they need their key.
 *
 * @param deployment the provisioner's own as the cache has it; its deletion ends when its last pod is gone
 */
export function podsMayRunMs(
  object: CoderProvisioner,
  deployment: Deployment | undefined,
  now: Date,
): number {
  return givesUp(object) ? 0 : sharedMayRunMs(object, deployment, GRACE_SECONDS, now);
}

/** After so long, in milliseconds from `now`, the finalizer goes whatever is left in Coder; 0: now. */
export function finalizerMayStayMs(object: CoderProvisioner, now: Date): number {
  const given: unknown = object.spec?.terminationGracePeriodSeconds;
  const seconds = typeof given === "number" ? given : GRACE_SECONDS;
  // Visits give keys up first, and say why.
  return timeLeftMs(object, seconds * 1_000 + 2 * POD_SLACK_MS + REVOKE_LIMIT_MS, now);
}
