/**
 * Deletion. Workspace rights in other namespaces are where owner references do not reach: a finalizer holds the control
 * plane until they have been removed. Its name is the Go operator's, whose rights are removed too.
 */
import { dropFinalizer, hasFinalizer as carries } from "../operator/pass/finalizers.ts";
import { type CleanUpOptions, cleanUpRbac, type CleanUpResult } from "../operator/rbac/clean_up.ts";
import { type CoderControlPlane, CoderControlPlanes } from "../api/control_plane.ts";
import { rbacOwner } from "./rbac/owner.ts";

/** On every control plane, the Go operator's included. */
export const RBAC_FINALIZER = "coder.com/workspace-rbac-cleanup";

/** True where the operator has something to do before the object may go. */
export function hasFinalizer(object: CoderControlPlane): boolean {
  return carries(object, RBAC_FINALIZER);
}

/**
 * Removes managed workspace RBAC in every namespace, then the finalizer. Without the finalizer there is nothing to do.
 * One namespace never holds up another. Throws where something is left that could not be removed: the finalizer stays.
 */
export async function finalize(
  object: CoderControlPlane,
  options: Omit<CleanUpOptions, "others">,
): Promise<CleanUpResult> {
  if (!hasFinalizer(object)) return { deleted: [], unseen: [] };
  const owner = rbacOwner(object);
  const result = await cleanUpRbac(owner, { ...options, others: owner.workspaceNamespaces });
  await dropFinalizer(CoderControlPlanes, object, RBAC_FINALIZER, options);
  return result;
}
