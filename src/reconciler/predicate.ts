/** Which changes of an object are worth a reconcile. */
import type { KubeObject } from "../api/object.ts";
import { sameData } from "./same_data.ts";

/** Each absent function lets everything through. */
export interface Predicate<T extends KubeObject = KubeObject> {
  added?(object: T, initial: boolean): boolean;
  updated?(before: T, after: T): boolean;
  deleted?(object: T): boolean;
}

/** True where `after` is another object under the same name: deleted and made anew between two sights of it. */
function replaced(before: KubeObject, after: KubeObject): boolean {
  return before.metadata.uid !== after.metadata.uid;
}

/** The spec changed: the API server counts `metadata.generation` for kinds with a status subresource. */
export const generationChanged: Predicate = {
  updated: (before, after) =>
    replaced(before, after) || before.metadata.generation !== after.metadata.generation,
};

/** Labels, annotations, finalizers, owners or the deletion mark changed. */
export const metadataChanged: Predicate = {
  updated: (before, after) =>
    replaced(before, after) ||
    before.metadata.deletionTimestamp !== after.metadata.deletionTimestamp ||
    !sameData(before.metadata.labels, after.metadata.labels) ||
    !sameData(before.metadata.annotations, after.metadata.annotations) ||
    !sameData(before.metadata.finalizers, after.metadata.finalizers) ||
    !sameData(before.metadata.ownerReferences, after.metadata.ownerReferences),
};

/** What a reconciler of a kind reacts to on that kind: everything but status, so that its own writes do not wake it. */
export const specOrMetadataChanged: Predicate = anyOf(generationChanged, metadataChanged);

/** Anything at all changed: a new resource version and, beyond the versions and bookkeeping, new content. */
export const contentChanged: Predicate = {
  updated: (before, after) => {
    if (replaced(before, after)) return true;
    if (before.metadata.resourceVersion === after.metadata.resourceVersion) return false;
    return !sameData(withoutVersions(before), withoutVersions(after));
  },
};

/** Lets through what at least one of `predicates` lets through. */
export function anyOf<T extends KubeObject>(...predicates: readonly Predicate<T>[]): Predicate<T> {
  return {
    added: (object, initial) => predicates.some((one) => one.added?.(object, initial) ?? true),
    updated: (before, after) => predicates.some((one) => one.updated?.(before, after) ?? true),
    deleted: (object) => predicates.some((one) => one.deleted?.(object) ?? true),
  };
}

/** Lets through what all of `predicates` let through. */
export function allOf<T extends KubeObject>(...predicates: readonly Predicate<T>[]): Predicate<T> {
  return {
    added: (object, initial) => predicates.every((one) => one.added?.(object, initial) ?? true),
    updated: (before, after) => predicates.every((one) => one.updated?.(before, after) ?? true),
    deleted: (object) => predicates.every((one) => one.deleted?.(object) ?? true),
  };
}

function withoutVersions(object: KubeObject): unknown {
  const { resourceVersion: _version, managedFields: _fields, ...metadata } = object.metadata;
  return { ...object, metadata };
}
