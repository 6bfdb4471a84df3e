/**
 * Keeping a pod template that was written before us. Leaving it out of a server-side apply would remove it where nobody
 * else owns it, so its ownership is moved in `metadata.managedFields` to a field manager that never writes. It is taken
 * back before a new template is applied, so that fields which are no longer wanted go with that apply.
 */
import type { KubeObject } from "../api/object.ts";
import type { ManagedFieldsEntry } from "../api/kubernetes/types.ts";
import { FIELD_MANAGER } from "../kube/applier.ts";
import type { JsonPatchOperation } from "../kube/client.ts";
import {
  emptyFieldSet,
  type FieldPath,
  type FieldSet,
  isEmptyFieldSet,
  ownsWithin,
  parseFields,
  serializeFields,
  stepText,
  unionFields,
  withoutField,
} from "../kube/apply/field_set.ts";
import { controllerOf } from "../kube/apply/owner_references.ts";

/** Owns a pod template that was written before us, or by an older version, and is kept as it is. */
export const TEMPLATE_HOLDER = "coder-k8s-kept-template";

export const TEMPLATE_PATH = ["spec", "template"] as const;
/** Left to an autoscaler, at times. */
export const REPLICAS_PATH = ["spec", "replicas"] as const;
const TEMPLATE_NOTES: FieldPath = ["spec", "template", "metadata", "annotations"];

/**
 * True where `entry` is the operator's, past or present, and owns part of the template: our apply, or an update under
 * our name or with the owner reference to `ownerUid`, which is the Go operator's. Annotations alone are somebody's note.
 */
function isTemplateWriter(entry: ManagedFieldsEntry, ownerUid: string): boolean {
  if (entry.subresource !== undefined && entry.subresource !== "") return false;
  const fields = parseFields(entry.fieldsV1);
  if (!ownsWithin(withoutField(fields, TEMPLATE_NOTES), TEMPLATE_PATH)) return false;
  if (entry.manager === FIELD_MANAGER) return true;
  return entry.operation === "Update" &&
    ownsWithin(fields, ["metadata", "ownerReferences", { key: { uid: ownerUid } }]);
}

/** The holder's entry, where a template is kept. */
export function holderEntry(object: KubeObject): ManagedFieldsEntry | undefined {
  return object.metadata.managedFields?.find((entry) => entry.manager === TEMPLATE_HOLDER);
}

/**
 * The managed fields of `object` after the template, as far as the operator wrote it, has gone to the holder.
 * Undefined where the operator owns nothing of it.
 */
export function setAside(object: KubeObject): ManagedFieldsEntry[] | undefined {
  const ownerUid = controllerOf(object)?.uid ?? "";
  const entries = object.metadata.managedFields ?? [];
  const own = entries.filter((entry) => isTemplateWriter(entry, ownerUid));
  if (own.length === 0) return undefined;
  const moved = own.map((entry) => within(parseFields(entry.fieldsV1), TEMPLATE_PATH));
  const rest = entries.map((entry) =>
    own.includes(entry) ? withFields(entry, withoutField(parseFields(entry.fieldsV1), TEMPLATE_PATH)) : entry
  );
  const model = { ...own[0], manager: TEMPLATE_HOLDER, operation: "Update" };
  return put(rest, model, unionFields(emptyFieldSet, ...moved));
}

/**
 * The managed fields of `object` after all that the holder has went back to our apply.
 * Undefined where the holder has nothing.
 */
export function takeBack(object: KubeObject): ManagedFieldsEntry[] | undefined {
  const held = holderEntry(object);
  if (held === undefined) return undefined;
  const rest = (object.metadata.managedFields ?? []).filter((entry) => entry !== held);
  return put(rest, { ...held, manager: FIELD_MANAGER, operation: "Apply" }, parseFields(held.fieldsV1));
}

/** The patch that writes managed fields, refused by the server where the object has changed meanwhile. */
export function managedFieldsPatch(
  object: KubeObject,
  entries: readonly ManagedFieldsEntry[],
): JsonPatchOperation[] {
  return [
    { op: "test", path: "/metadata/resourceVersion", value: object.metadata.resourceVersion },
    { op: "replace", path: "/metadata/managedFields", value: entries },
  ];
}

/** Adds `fields` to the entry of the same manager and operation, or adds that entry. Empty entries go. */
function put(
  entries: readonly ManagedFieldsEntry[],
  model: ManagedFieldsEntry,
  fields: FieldSet,
): ManagedFieldsEntry[] {
  const same = entries.find((entry) =>
    entry.manager === model.manager && entry.operation === model.operation && !entry.subresource
  );
  const next = same === undefined
    ? [...entries, withFields(model, fields)]
    : entries.map((entry) =>
      entry === same ? withFields(entry, unionFields(parseFields(entry.fieldsV1), fields)) : entry
    );
  return next.filter((entry) => !isEmptyFieldSet(parseFields(entry.fieldsV1)));
}

function withFields(entry: ManagedFieldsEntry, fields: FieldSet): ManagedFieldsEntry {
  return { ...entry, fieldsType: "FieldsV1", fieldsV1: serializeFields(fields) };
}

/** The part of a set at and below `path`. */
function within(set: FieldSet, path: FieldPath): FieldSet {
  const [step, ...rest] = path;
  if (step === undefined) return set;
  const child = set.children.get(stepText(step));
  if (child === undefined) return emptyFieldSet;
  return { member: false, children: new Map([[stepText(step), within(child, rest)]]) };
}
