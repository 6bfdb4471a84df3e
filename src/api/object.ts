/** What every Kubernetes object has, and how a kind is addressed. The one definition that all rooms share. */
import type { ObjectMeta } from "./kubernetes/types.ts";

/** Any object as the API server sends it. Source: Kubernetes API conventions, "Types (Kinds)". */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

/** A kind as REST sees it. `T` is the object's shape, carried for the type checker alone. */
export interface ResourceType<T extends KubeObject = KubeObject> {
  /** API group; the empty string is the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The plural, lower-case name in the URL. */
  readonly plural: string;
  readonly namespaced: boolean;
  /** Never set: ties `T` to the value. */
  readonly _object?: T;
}

/** Where one object lives. `namespace` is the empty string for cluster-scoped kinds. */
export interface ObjectKey {
  readonly namespace: string;
  readonly name: string;
}

/** `namespace/name`, or `name` alone for cluster-scoped objects: the form of logs, queues and messages. */
export function keyText(key: ObjectKey): string {
  return key.namespace === "" ? key.name : `${key.namespace}/${key.name}`;
}

/** The key of an object. */
export function keyOf(object: { metadata: ObjectMeta }): ObjectKey {
  return { namespace: object.metadata.namespace ?? "", name: object.metadata.name ?? "" };
}

/**
 * The order of listings is that of kube-apiserver: by `namespace/name` as one text, so that `a-b/c` comes before `a/c`.
 * Plain comparison: by UTF-16 code units, whatever the language.
 */
export function compareKeys(left: ObjectKey, right: ObjectKey): number {
  if (left.namespace !== right.namespace) return `${left.namespace}/` < `${right.namespace}/` ? -1 : 1;
  if (left.name === right.name) return 0;
  return left.name < right.name ? -1 : 1;
}

/** `apps/v1`, or `v1` for the core group. */
export function apiVersionOf(type: ResourceType): string {
  return type.group === "" ? type.version : `${type.group}/${type.version}`;
}

/** `deployments.apps`, or `pods` for the core group: how messages name a resource, as kubectl does. */
export function resourceText(type: ResourceType): string {
  return type.group === "" ? type.plural : `${type.plural}.${type.group}`;
}
