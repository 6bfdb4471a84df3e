/** From what a reconciler wants to what is sent: owner reference, fingerprint, and nothing that only the server may set. */
import { apiVersionOf, keyOf, keyText, type KubeObject, type ResourceType } from "../../api/object.ts";
import type { ObjectMeta } from "../../api/kubernetes/types.ts";
import { APPLIED_ANNOTATION } from "../applier.ts";
import { shortHash } from "./canonical_json.ts";
import { refuseDuplicateKeys } from "./duplicate_keys.ts";
import { withController } from "./owner_references.ts";

/** Ready to be applied. */
export interface Prepared<T extends KubeObject> {
  readonly body: T;
  /** Of the body without the annotation that carries it. */
  readonly hash: string;
}

/**
 * Builds the body of an apply. Throws `TypeError` or `DuplicateKeyError` for objects that can never be applied: those are
 * mistakes in the code that made them.
 */
export function prepare<T extends KubeObject>(
  type: ResourceType<T>,
  desired: T,
  owner: KubeObject | undefined,
): Prepared<T> {
  refuseImpossible(type, desired, owner);
  const { status: _status, ...fields } = desired as T & { status?: unknown };
  const annotations = { ...desired.metadata.annotations };
  delete annotations[APPLIED_ANNOTATION];
  const metadata = clientMetadata(desired.metadata);
  if (owner !== undefined) metadata.ownerReferences = withController(metadata.ownerReferences, owner);
  const plain = { ...fields, apiVersion: apiVersionOf(type), kind: type.kind };
  const hash = shortHash({ ...plain, metadata: { ...metadata, annotations } });
  const body = {
    ...plain,
    metadata: { ...metadata, annotations: { ...annotations, [APPLIED_ANNOTATION]: hash } },
  } as unknown as T;
  refuseDuplicateKeys(body);
  return { body, hash };
}

/** `body` with what must hold for it to be stored. */
export function withPreconditions<T extends KubeObject>(
  body: T,
  preconditions: { uid?: string | undefined; resourceVersion?: string | undefined },
): T {
  const { uid, resourceVersion } = preconditions;
  const metadata: ObjectMeta = { ...body.metadata };
  if (uid !== undefined) metadata.uid = uid;
  if (resourceVersion !== undefined) metadata.resourceVersion = resourceVersion;
  return { ...body, metadata };
}

function clientMetadata(metadata: ObjectMeta): ObjectMeta {
  const {
    creationTimestamp: _creation,
    deletionGracePeriodSeconds: _grace,
    deletionTimestamp: _deletion,
    generation: _generation,
    managedFields: _fields,
    resourceVersion: _version,
    selfLink: _link,
    uid: _uid,
    ...rest
  } = metadata;
  return rest;
}

function refuseImpossible(type: ResourceType, desired: KubeObject, owner: KubeObject | undefined): void {
  const key = keyOf(desired);
  const what = `${type.kind} ${keyText(key)}`;
  if (key.name === "") throw new TypeError(`Cannot apply a ${type.kind} without a name`);
  if (type.namespaced !== (key.namespace !== "")) {
    throw new TypeError(
      `Cannot apply ${what}: the kind is ${type.namespaced ? "namespaced" : "cluster-scoped"}`,
    );
  }
  if (owner !== undefined && (owner.metadata.namespace ?? "") !== key.namespace) {
    const where = keyText(keyOf(owner));
    throw new TypeError(
      `Cannot apply ${what} as owned by ${owner.kind} ${where}: owners must be in the same namespace`,
    );
  }
  if ("stringData" in desired && desired.stringData !== undefined) {
    throw new TypeError(`Cannot apply ${what} with stringData: the server never returns it; use data`);
  }
}
