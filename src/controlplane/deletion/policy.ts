/** What becomes of workspaces and templates when their control plane is deleted: annotations, and what is wrong in them. */
import type { CoderControlPlane } from "../../api/control_plane.ts";
import { durationMs } from "../../api/duration.ts";
import type { Trouble } from "../../operator/pass/report.ts";

/** `Delete` or `Orphan`. */
export const POLICY_ANNOTATION = "coder.com/deletion-policy";
/** How long deleting them may take, such as `30m`. */
export const TIMEOUT_ANNOTATION = "coder.com/deletion-timeout";

/** Condition of a control plane that is being deleted: true as long as what is in its Coder is being deleted. */
export const CONTENTS = "ContentsDeletion";

export const DEFAULT_TIMEOUT_MS = 1_800_000;

export interface DeletionPolicy {
  /** `Orphan` leaves everything in Coder's database. */
  readonly policy: "Delete" | "Orphan";
  /** In milliseconds. */
  readonly timeoutMs: number;
  readonly warnings: readonly Trouble[];
}

/** Reads the annotations. What cannot be understood deletes nothing. */
export function deletionPolicy({ metadata: { annotations = {} } }: CoderControlPlane): DeletionPolicy {
  const { [POLICY_ANNOTATION]: policy = "Orphan", [TIMEOUT_ANNOTATION]: timeout } = annotations;
  const warnings: Trouble[] = [];
  const isKnown = policy === "Delete" || policy === "Orphan";
  if (!isKnown) {
    const message = `The annotation ${POLICY_ANNOTATION} is ${JSON.stringify(policy)}, which counts as ` +
      "Orphan: nothing in Coder is deleted with this control plane. Set it to Delete or Orphan";
    warnings.push({ reason: "DeletionPolicyUnknown", message });
  }
  const timeoutMs = timeout === undefined ? DEFAULT_TIMEOUT_MS : durationMs(timeout.trim()) ?? 0;
  if (timeoutMs === 0) {
    const message = `The annotation ${TIMEOUT_ANNOTATION} is ${JSON.stringify(timeout)}, which is no time ` +
      "such as 90s, 30m or 1h30m: 30m is used";
    warnings.push({ reason: "DeletionTimeoutInvalid", message });
  }
  return {
    policy: policy === "Delete" ? policy : "Orphan",
    timeoutMs: timeoutMs === 0 ? DEFAULT_TIMEOUT_MS : timeoutMs,
    warnings,
  };
}

/** How to have the rest left in Coder. */
export function wayOut({ metadata: { name, namespace } }: CoderControlPlane): string {
  return `To leave it: kubectl annotate codercontrolplane ${name} --namespace ${namespace} --overwrite ` +
    `${POLICY_ANNOTATION}=Orphan`;
}
