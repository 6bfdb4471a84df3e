/** Controller owner references: who an object belongs to, and whose garbage it becomes. */
import type { KubeObject } from "../../api/object.ts";
import type { ObjectMeta, OwnerReference } from "../../api/kubernetes/types.ts";

/**
 * The reference that makes `owner` the controller of a child: Kubernetes deletes the child with it.
 * Throws `TypeError` where `owner` has not been stored yet (it has no UID).
 */
export function controllerReference(owner: KubeObject): OwnerReference {
  const { name, uid } = owner.metadata;
  if (!name || !uid || !owner.apiVersion || !owner.kind) {
    const what = `${owner.kind || "object"} ${JSON.stringify(name ?? "")}`;
    throw new TypeError(
      `${what} cannot own anything: it has no apiVersion, kind, name or uid yet; read it from the API server first`,
    );
  }
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** The reference to the object's controller; an object has at most one. */
export function controllerOf(object: { metadata: ObjectMeta }): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true);
}

/** True where `owner` is the controller of `object`: the same apiVersion, kind, name and UID. */
export function isControlledBy(object: { metadata: ObjectMeta }, owner: KubeObject): boolean {
  const reference = controllerOf(object);
  return reference !== undefined && owner.metadata.uid !== undefined &&
    reference.apiVersion === owner.apiVersion && reference.kind === owner.kind &&
    reference.name === owner.metadata.name && reference.uid === owner.metadata.uid;
}

/** `references` with the one to `owner` as the controller put in, or brought up to date. Others stay. */
export function withController(
  references: readonly OwnerReference[] | undefined,
  owner: KubeObject,
): OwnerReference[] {
  const own = controllerReference(owner);
  return [...(references ?? []).filter((reference) => reference.uid !== own.uid), own];
}
