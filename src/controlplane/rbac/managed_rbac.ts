/** Which Roles and RoleBindings were made for a control plane's workspaces, and which only look like it. */
import type { CoderControlPlane } from "../../api/control_plane.ts";
import type { Role, RoleBinding } from "../../api/kubernetes/types.ts";
import type { KubeObject } from "../../api/object.ts";
import { isControlledBy } from "../../kube/apply/owner_references.ts";
import { CONTROL_PLANE_LABEL, CONTROL_PLANE_NAMESPACE_LABEL } from "../../workload/labels.ts";
import { workspaceRoleBindingName, workspaceRoleName, workspaceScopeHash } from "../../workload/names.ts";
import { OWNER_UID_ANNOTATION, type WorkspaceGrantee } from "../../workload/workspace_rbac.ts";

/** Whose workspace RBAC it is, and what it is called. */
export interface RbacOwner extends WorkspaceGrantee {
  object: CoderControlPlane;
  /** Other namespaces that the spec names. */
  workspaceNamespaces: string[];
}

/** Reads what is needed from an object that may be invalid otherwise: it is going away. */
export function rbacOwner(object: CoderControlPlane): RbacOwner {
  const { namespace = "", name = "", uid = "" } = object.metadata;
  const given = object.spec?.serviceAccount?.name;
  const trimmed = typeof given === "string" ? given.trim() : "";
  const serviceAccount = trimmed === "" ? name : trimmed;
  const listed: unknown = object.spec?.rbac?.workspaceNamespaces;
  return {
    object,
    namespace,
    name,
    uid,
    serviceAccount,
    ...rbacNames(namespace, name, serviceAccount),
    workspaceNamespaces: (Array.isArray(listed) ? listed : []).flatMap((each) =>
      typeof each === "string" && each.trim() !== "" ? [each.trim()] : []
    ),
  };
}

/** What the workspace RBAC of a ServiceAccount is called. */
export function rbacNames(
  namespace: string,
  name: string,
  serviceAccount: string,
): { roleName: string; bindingName: string } {
  const scope = workspaceScopeHash(namespace, name);
  return {
    roleName: workspaceRoleName(serviceAccount, scope),
    bindingName: workspaceRoleBindingName(serviceAccount, scope),
  };
}

/** Roles that carry the labels are managed where they name the owner, or where they are older than that mark. */
export function isManagedRole(role: Role, owner: RbacOwner): boolean {
  return isMarked(role, owner) || (isUnmarkedElsewhere(role, owner) && role.metadata.name === owner.roleName);
}

/** The same for RoleBindings, which must also bind exactly what the operator would bind. */
export function isManagedBinding(binding: RoleBinding, owner: RbacOwner): boolean {
  if (isMarked(binding, owner)) return true;
  if (!isUnmarkedElsewhere(binding, owner) || binding.metadata.name !== owner.bindingName) return false;
  const { roleRef, subjects = [] } = binding;
  const [subject] = subjects;
  return roleRef.kind === "Role" && roleRef.name === owner.roleName && subjects.length === 1 &&
    subject?.kind === "ServiceAccount" && subject.name === owner.serviceAccount &&
    subject.namespace === owner.namespace;
}

/**
 * Lost its labels, or was made for an earlier control plane of the same namespace and name, which is gone: there can be
 * only one. It may be taken over where this one may be granted rights anyway; nowhere else.
 */
export function isInherited(object: KubeObject, owner: RbacOwner): boolean {
  const uid = object.metadata.annotations?.[OWNER_UID_ANNOTATION];
  if (uid === undefined || object.metadata.namespace === owner.namespace) return false;
  return isLabelled(object, owner) || uid === owner.uid;
}

function isMarked(object: KubeObject, owner: RbacOwner): boolean {
  if (isControlledBy(object, owner.object)) return true;
  return isLabelled(object, owner) && owner.uid !== "" &&
    object.metadata.annotations?.[OWNER_UID_ANNOTATION] === owner.uid;
}

function isUnmarkedElsewhere(object: KubeObject, owner: RbacOwner): boolean {
  return isLabelled(object, owner) && object.metadata.namespace !== owner.namespace &&
    object.metadata.annotations?.[OWNER_UID_ANNOTATION] === undefined;
}

function isLabelled({ metadata: { labels = {} } }: KubeObject, owner: RbacOwner): boolean {
  return labels[CONTROL_PLANE_LABEL] === owner.name &&
    labels[CONTROL_PLANE_NAMESPACE_LABEL] === owner.namespace;
}
