/** Whether a record is worth a ConfigMap. */
import type { ShadowRecord } from "./types.ts";

/** True where it says nothing that Coder, or what is shown by default, does not say. */
export function hasNothing({ metadata, spec, source, refusal }: ShadowRecord): boolean {
  const { labels, annotations, finalizers, ownerReferences, managedFields, deletionTimestamp } = metadata;
  const parts = [labels, annotations, finalizers, ownerReferences, managedFields, spec, source];
  return deletionTimestamp === undefined && refusal === undefined &&
    parts.every((part) => part === undefined || Object.keys(part).length === 0);
}
