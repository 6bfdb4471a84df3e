/** The workspace RBAC that there is, as the cache has it, and the rights that it gives. */
import type { PolicyRule, Role, RoleBinding } from "../../api/kubernetes/types.ts";
import type { WorkloadKinds } from "../../workload/kinds.ts";
import { isManagedBinding, isManagedRole, type RbacOwner } from "./managed_rbac.ts";

/** What the operator granted to one object, in every namespace that it sees. */
export interface LiveRights {
  roles: readonly Role[];
  bindings: readonly RoleBinding[];
}

/** Finds it by the owner's index, and leaves out what only looks like it. */
export function liveRights(
  owner: RbacOwner,
  { roles, roleBindings }: Pick<WorkloadKinds, "roles" | "roleBindings">,
): LiveRights {
  const { name, value } = owner.index;
  return {
    roles: roles.byIndex(name, value).filter((each) => isManagedRole(each, owner)),
    bindings: roleBindings.byIndex(name, value).filter((each) => isManagedBinding(each, owner)),
  };
}

/** The rules that are in force in a namespace: those of Roles that are bound to a ServiceAccount of the owner's namespace. */
export function rulesInForce(live: LiveRights, owner: RbacOwner, namespace: string): PolicyRule[] {
  const bound = new Set(
    live.bindings.filter((each) => each.metadata.namespace === namespace && bindsAccountOf(each, owner))
      .flatMap(({ roleRef }) => roleRef.kind === "Role" ? [roleRef.name] : []),
  );
  return live.roles
    .filter(({ metadata }) => metadata.namespace === namespace && bound.has(metadata.name ?? ""))
    .flatMap(({ rules }) => rules ?? []);
}

function bindsAccountOf({ subjects = [] }: RoleBinding, owner: RbacOwner): boolean {
  return subjects.some(({ kind, namespace }) => kind === "ServiceAccount" && namespace === owner.namespace);
}
