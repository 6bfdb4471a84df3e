/** What is kept of an object beside Coder: everything of its metadata that is not shown of itself. */
import { CONTROL_PLANE_NAME_LABEL, CONTROL_PLANE_NAMESPACE_LABEL } from "../../api/aggregated.ts";
import type { ObjectMeta } from "../../api/kubernetes/types.ts";
import type { ShadowMetadata } from "../../shadow/mod.ts";

/** Labels that objects have of themselves. What somebody says of them is not kept. */
const OWN_LABELS: readonly string[] = [CONTROL_PLANE_NAME_LABEL, CONTROL_PLANE_NAMESPACE_LABEL];

const PARTS = [
  "annotations",
  "finalizers",
  "ownerReferences",
  "managedFields",
  "generation",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
] as const;

/** What is kept of metadata. Parts with nothing in them are left out. */
export function metadataToKeep(metadata: ObjectMeta): ShadowMetadata {
  const labels = Object.entries(metadata.labels ?? {}).filter(([name]) => !OWN_LABELS.includes(name));
  const parts = PARTS.flatMap((part) => isSomething(metadata[part]) ? [[part, metadata[part]]] : []);
  return {
    ...(labels.length === 0 ? {} : { labels: Object.fromEntries(labels) }),
    ...Object.fromEntries(parts),
  };
}

function isSomething(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}
