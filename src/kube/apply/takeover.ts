/**
 * Taking over from a writer that used plain updates, such as the Go operator. Server-side apply removes only fields that
 * the applying manager owned, so the old writer's `Update` entry is first moved into our `Apply` entry; the apply that
 * follows then removes what we no longer send.
 */
import type { KubeObject } from "../../api/object.ts";
import type { ManagedFieldsEntry } from "../../api/kubernetes/types.ts";
import type { JsonPatchOperation } from "../client.ts";
import { extractFields } from "./extract_fields.ts";
import {
  emptyFieldSet,
  type FieldPath,
  type FieldSet,
  isEmptyFieldSet,
  owns,
  ownsWithin,
  parseFields,
  serializeFields,
  unionFields,
  withoutField,
} from "./field_set.ts";

/**
 * The JSON patch that makes us the applier of all that the old writer wrote, or undefined where there is nothing to do.
 * It holds for exactly the resource version of `live` and changes nothing but the list of managers.
 *
 * The old writer's entries have operation `Update`, no subresource, and own the controller reference to `owner`
 * (whatever the manager's name), or bear our own manager name: the Go operator's binary is called like our field manager.
 * Entries of that name that hold annotations alone are notes (such as a requested restart), and stay.
 *
 * `release` names fields that we are to give up without resetting them, such as `spec.replicas` under an autoscaler.
 */
export function planTakeover(
  live: KubeObject,
  owner: KubeObject | undefined,
  manager: string,
  release: readonly FieldPath[] = [],
): JsonPatchOperation[] | undefined {
  const entries = live.metadata.managedFields ?? [];
  const { own, moved } = operatorEntries(entries, owner, manager);
  const first = own ?? moved[0];
  if (first === undefined) return undefined;
  const before = unionFields(emptyFieldSet, ...[own, ...moved].map((entry) => parseFields(entry?.fieldsV1)));
  const fields = release.reduce(withoutField, before);
  const releases = release.some((path) => ownsWithin(before, path));
  if (moved.length === 0 && !releases) return undefined;
  const others = entries.filter((entry) => entry !== own && !moved.includes(entry));
  const applied = isEmptyFieldSet(fields) ? [] : [asApply(first, manager, fields)];
  return [
    { op: "test", path: "/metadata/resourceVersion", value: live.metadata.resourceVersion },
    { op: "replace", path: "/metadata/managedFields", value: [...others, ...applied] },
  ];
}

/**
 * The part of `live` that the operator itself wrote, by whatever means, with the defaults that were filled in then: the
 * pod template in it, sent again, leaves the live one as it is. Needs `managedFields`, so a live read, not the cache.
 * Undefined where the operator wrote nothing.
 */
export function writtenByOperator<T extends KubeObject>(
  live: T,
  owner: KubeObject | undefined,
  manager: string,
): T | undefined {
  const { own, moved } = operatorEntries(live.metadata.managedFields ?? [], owner, manager);
  const fields = unionFields(emptyFieldSet, ...[own, ...moved].map((entry) => parseFields(entry?.fieldsV1)));
  return isEmptyFieldSet(fields) ? undefined : extractFields(live, fields);
}

/** The entries of everybody who owns exactly this field: who scaled, who restarted. */
export function writersOf(live: KubeObject, path: FieldPath): ManagedFieldsEntry[] {
  return (live.metadata.managedFields ?? []).filter((entry) => owns(parseFields(entry.fieldsV1), path));
}

interface OperatorEntries {
  own: ManagedFieldsEntry | undefined;
  moved: ManagedFieldsEntry[];
}

function operatorEntries(
  entries: readonly ManagedFieldsEntry[],
  owner: KubeObject | undefined,
  manager: string,
): OperatorEntries {
  const main = entries.filter((entry) => !entry.subresource);
  return {
    own: main.find((entry) => entry.operation === "Apply" && entry.manager === manager),
    moved: main.filter((entry) => {
      if (entry.operation !== "Update") return false;
      const fields = parseFields(entry.fieldsV1);
      return ownsReferenceTo(fields, owner) || (entry.manager === manager && !isNote(fields));
    }),
  };
}

function ownsReferenceTo(fields: FieldSet, owner: KubeObject | undefined): boolean {
  const uid = owner?.metadata.uid;
  return uid !== undefined && ownsWithin(fields, ["metadata", "ownerReferences", { key: { uid } }]);
}

function isNote(fields: FieldSet): boolean {
  return isEmptyFieldSet(annotationPaths.reduce(withoutField, fields));
}

const annotationPaths: readonly FieldPath[] = [
  ["metadata", "annotations"],
  ["spec", "template", "metadata", "annotations"],
];

function asApply(entry: ManagedFieldsEntry, manager: string, fields: FieldSet): ManagedFieldsEntry {
  return {
    manager,
    operation: "Apply",
    ...(entry.apiVersion === undefined ? {} : { apiVersion: entry.apiVersion }),
    ...(entry.time === undefined ? {} : { time: entry.time }),
    fieldsType: "FieldsV1",
    fieldsV1: serializeFields(fields),
  };
}
