/**
 * Deletion. The Go operator granted workspace rights in other namespaces, where owner references do not reach, and left a
 * finalizer to remember that. Whoever finds it removes those rights first.
 */
import { type CoderControlPlane, CoderControlPlanes } from "../api/control_plane.ts";
import { RoleBindings, Roles } from "../api/kubernetes/resources.ts";
import type { Role, RoleBinding } from "../api/kubernetes/types.ts";
import { keyOf, type KubeObject, type ResourceType } from "../api/object.ts";
import type { KubeClient } from "../kube/client.ts";
import { isConflict, isNotFound, KubeApiError } from "../kube/errors.ts";
import { selectorText, workspaceRbacLabels } from "../workload/labels.ts";
import { isManagedBinding, isManagedRole, type RbacOwner, rbacOwner } from "./managed_rbac.ts";

/** Set by the Go operator on every control plane. */
export const RBAC_FINALIZER = "coder.com/workspace-rbac-cleanup";

/** True where the operator has something to do before the object may go. */
export function hasFinalizer({ metadata }: CoderControlPlane): boolean {
  return (metadata.finalizers ?? []).includes(RBAC_FINALIZER);
}

const ATTEMPTS = 5;

/** What a clean-up works with. */
export interface CleanupOptions {
  client: KubeClient;
  /** Namespaces that the operator works in; empty means all. */
  namespaces: readonly string[];
  signal: AbortSignal;
}

/**
 * Removes managed workspace RBAC in every namespace, then the finalizer. Without the finalizer there is nothing to do.
 * Returns what was deleted, as `RoleBinding a/b`.
 */
export async function finalize(object: CoderControlPlane, options: CleanupOptions): Promise<string[]> {
  if (!hasFinalizer(object)) return [];
  const owner = rbacOwner(object);
  const bindings = await managed(RoleBindings, owner, isManagedBinding, options);
  const roles = await managed(Roles, owner, isManagedRole, options);
  const deleted: string[] = [];
  // Bindings first: a binding without its role grants nothing, a role without its binding does no harm either.
  for (const [type, objects] of [[RoleBindings, bindings], [Roles, roles]] as const) {
    for (const each of objects) {
      if (await remove(type, each, options)) {
        deleted.push(`${type.kind} ${each.metadata.namespace}/${each.metadata.name}`);
      }
    }
  }
  await dropFinalizer(object, options);
  return deleted;
}

async function managed<T extends Role | RoleBinding>(
  type: ResourceType<T>,
  owner: RbacOwner,
  isManaged: (object: T, owner: RbacOwner) => boolean,
  { client, namespaces, signal }: CleanupOptions,
): Promise<T[]> {
  const labels = workspaceRbacLabels(owner.namespace, owner.name);
  // A name that is no label value can be on no object; asking for it would be an error.
  if (!Object.values(labels).every(isLabelValue)) return [];
  const labelSelector = selectorText(labels);
  const places = namespaces.length === 0
    ? [{}]
    : [...new Set([...namespaces, ...owner.workspaceNamespaces])].map((namespace) => ({ namespace }));
  const lists = await Promise.all(
    places.map((place) => client.list(type, { ...place, labelSelector, signal })),
  );
  return lists.flatMap(({ items }) => items).filter((each) => isManaged(each, owner));
}

function isLabelValue(text: string): boolean {
  return /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/.test(text);
}

async function remove(
  type: ResourceType,
  object: KubeObject,
  { client, signal }: CleanupOptions,
): Promise<boolean> {
  const { uid } = object.metadata;
  try {
    await client.delete(type, keyOf(object), {
      signal,
      ...(uid !== undefined && { preconditions: { uid } }),
    });
    return true;
  } catch (error) {
    if (isNotFound(error) || isConflict(error)) return false;
    throw error;
  }
}

/** Touches nothing but the one entry: other finalizers and fields that others write stay. */
async function dropFinalizer(object: CoderControlPlane, { client, signal }: CleanupOptions): Promise<void> {
  for (let live = object, attempt = 1;; attempt++) {
    const index = (live.metadata.finalizers ?? []).indexOf(RBAC_FINALIZER);
    if (index < 0 || live.metadata.uid !== object.metadata.uid) return;
    const path = `/metadata/finalizers/${index}`;
    try {
      await client.patch(CoderControlPlanes, keyOf(object), {
        type: "json",
        body: [{ op: "test", path, value: RBAC_FINALIZER }, { op: "remove", path }],
      }, { signal });
      return;
    } catch (error) {
      if (isNotFound(error)) return;
      // The list of finalizers changed under us: the test failed.
      if (!(error instanceof KubeApiError) || error.code !== 422 || attempt >= ATTEMPTS) throw error;
    }
    try {
      live = await client.get(CoderControlPlanes, keyOf(object), { signal });
    } catch (error) {
      if (isNotFound(error)) return;
      throw error;
    }
  }
}
