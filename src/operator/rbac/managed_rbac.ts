/** Which Roles and RoleBindings were made for an object's workspaces, and which only look like it. */
import type { Role, RoleBinding } from "../../api/kubernetes/types.ts";
import type { KubeObject } from "../../api/object.ts";
import { isControlledBy } from "../../kube/apply/owner_references.ts";
import { namesIn, OWNER_UID_ANNOTATION, type WorkspaceGrantee } from "../../workload/workspace_rbac.ts";

/** Whose workspace RBAC it is, what it is called, and how it is found. */
export interface RbacOwner extends WorkspaceGrantee {
  readonly object: KubeObject;
  /** Those of the labels that say whose it is. */
  readonly marks: Readonly<Record<string, string>>;
  /** The index of Roles and RoleBindings that holds all that may be its, and the value there. */
  readonly index: { readonly name: string; readonly value: string };
}

/** Roles that carry the labels are managed where they name the owner, or where they are older than that mark. */
export function isManagedRole(role: Role, owner: RbacOwner): boolean {
  return isMarked(role, owner) ||
    (isUnmarkedElsewhere(role, owner) && role.metadata.name === namesOf(role, owner).roleName);
}

/** The same for RoleBindings, which must also bind exactly what the operator would bind. */
export function isManagedBinding(binding: RoleBinding, owner: RbacOwner): boolean {
  if (isMarked(binding, owner)) return true;
  const { roleName, bindingName } = namesOf(binding, owner);
  if (!isUnmarkedElsewhere(binding, owner) || binding.metadata.name !== bindingName) return false;
  const { roleRef, subjects = [] } = binding;
  const [subject] = subjects;
  return roleRef.kind === "Role" && roleRef.name === roleName && subjects.length === 1 &&
    subject?.kind === "ServiceAccount" && subject.name === owner.serviceAccount &&
    subject.namespace === owner.namespace;
}

/**
 * Lost its labels, or was made for an earlier object of the same namespace and name, which is gone: there can be only
 * one. It may be taken over where this one may be granted rights anyway; nowhere else.
 */
export function isInherited(object: KubeObject, owner: RbacOwner): boolean {
  const uid = object.metadata.annotations?.[OWNER_UID_ANNOTATION];
  if (uid === undefined || object.metadata.namespace === owner.namespace) return false;
  return isLabelled(object, owner) || uid === owner.uid;
}

function namesOf({ metadata: { namespace = "" } }: KubeObject, owner: RbacOwner) {
  return namesIn(owner, namespace);
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

function isLabelled({ metadata: { labels = {} } }: KubeObject, { marks }: RbacOwner): boolean {
  return Object.entries(marks).every(([label, value]) => labels[label] === value);
}
