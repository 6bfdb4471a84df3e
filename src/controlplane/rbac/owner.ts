/** A control plane as the owner of workspace RBAC. The names and the labels are the Go operator's. */
import type { CoderControlPlane } from "../../api/control_plane.ts";
import type { RbacOwner } from "../../operator/rbac/managed_rbac.ts";
import { namedNamespaces } from "../../operator/rbac/workspace_sources.ts";
import { BY_CONTROL_PLANE } from "../../workload/kinds.ts";
import {
  CONTROL_PLANE_LABEL,
  CONTROL_PLANE_NAMESPACE_LABEL,
  workspaceRbacLabels,
} from "../../workload/labels.ts";
import { workspaceRoleBindingName, workspaceRoleName, workspaceScopeHash } from "../../workload/names.ts";

/** Whose workspace RBAC it is, and what it is called. */
export interface ControlPlaneRbacOwner extends RbacOwner {
  readonly name: string;
  /** Other namespaces that the spec names. */
  readonly workspaceNamespaces: readonly string[];
}

/** Reads what is needed from an object that may be invalid otherwise: it is going away. */
export function rbacOwner(object: CoderControlPlane): ControlPlaneRbacOwner {
  const { namespace = "", name = "", uid = "" } = object.metadata;
  const given = object.spec?.serviceAccount?.name;
  const trimmed = typeof given === "string" ? given.trim() : "";
  const scope = workspaceScopeHash(namespace, name);
  return {
    object,
    namespace,
    name,
    uid,
    serviceAccount: trimmed === "" ? name : trimmed,
    labels: workspaceRbacLabels(namespace, name),
    marks: { [CONTROL_PLANE_LABEL]: name, [CONTROL_PLANE_NAMESPACE_LABEL]: namespace },
    index: { name: BY_CONTROL_PLANE, value: `${namespace}/${name}` },
    names: (_namespace, serviceAccount) => ({
      roleName: workspaceRoleName(serviceAccount, scope),
      bindingName: workspaceRoleBindingName(serviceAccount, scope),
    }),
    workspaceNamespaces: namedNamespaces(object),
  };
}
