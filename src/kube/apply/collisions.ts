/**
 * List items of others in whose place ours belong. Some lists merge by one field while another must be unique too: ports
 * merge by number, and their names must differ. Where somebody changed the number of our port, an apply would add ours
 * beside it, and the API server would refuse two of one name, for ever.
 */
import type { KubeObject } from "../../api/object.ts";
import type { ManagedFieldsEntry } from "../../api/kubernetes/types.ts";
import { canonicalJson } from "./canonical_json.ts";
import type { JsonPatchOperation } from "../client.ts";
import { below, type FieldSchema, fieldSchemaOf, itemKey } from "./field_schema.ts";
import {
  emptyFieldSet,
  type FieldPath,
  type FieldSet,
  onlyField,
  ownsWithin,
  parseFields,
  serializeFields,
  unionFields,
  withoutField,
} from "./field_set.ts";

type Fields = Record<string, unknown>;

/** No other kind has a list of this path whose items merge by key. */
const SERVICE_PORTS = "spec.ports";

/**
 * The items of `live` that bear the name of an item of `desired` under another key, or none where they need one: where
 * they stand.
 */
export function collidingItems(live: KubeObject, desired: KubeObject): FieldPath[] {
  const schema = fieldSchemaOf(desired);
  return schema.known ? inMaps(live as unknown as Fields, desired as unknown as Fields, [], "", schema) : [];
}

function inMaps(
  live: Fields,
  desired: Fields,
  at: FieldPath,
  path: string,
  schema: FieldSchema,
): FieldPath[] {
  return Object.entries(desired).flatMap(([name, value]) => {
    const other = live[name];
    const [stepsTo, pathTo] = [[...at, name], below(path, name)];
    if (Array.isArray(value) && Array.isArray(other)) return inLists(other, value, stepsTo, pathTo, schema);
    return isFields(value) && isFields(other) ? inMaps(other, value, stepsTo, pathTo, schema) : [];
  });
}

function inLists(
  live: readonly unknown[],
  desired: readonly unknown[],
  at: FieldPath,
  path: string,
  schema: FieldSchema,
): FieldPath[] {
  const list = schema.list(path);
  if (list.type !== "map") return [];
  const { keys } = list;
  const keyed = (item: unknown) => ({ item, key: itemKey(item, keys) });
  const wanted = desired.map(keyed);
  return live.map(keyed).flatMap(({ item, key }) => {
    if (key === undefined || !isFields(item)) return [];
    const steps = [...at, { key }];
    const same = wanted.find((each) => canonicalJson(each.key ?? null) === canonicalJson(key));
    if (same !== undefined) return isFields(same.item) ? inMaps(item, same.item, steps, path, schema) : [];
    if (keys.includes("name")) return [];
    const name = item["name"] ?? "";
    // A Service's only port needs no name; beside ours it would, and whoever put it there gave it none.
    const isRival = name === ""
      ? path === SERVICE_PORTS
      : wanted.some((each) => isFields(each.item) && each.item["name"] === name);
    return isRival ? [steps] : [];
  });
}

/**
 * The JSON patch that makes us the owner of these items, so that the next apply, which does not have them, removes them.
 * Undefined where we own all of them already, or nothing at all. It holds for exactly the resource version of `live`.
 */
export function planReclaim(
  live: KubeObject,
  manager: string,
  items: readonly FieldPath[],
): JsonPatchOperation[] | undefined {
  const entries = live.metadata.managedFields ?? [];
  const own = entries.find((entry) =>
    entry.operation === "Apply" && entry.manager === manager && !entry.subresource
  );
  if (own === undefined || items.length === 0) return undefined;
  let taken: FieldSet = emptyFieldSet;
  const others = entries.filter((entry) => entry !== own).flatMap((entry): ManagedFieldsEntry[] => {
    const fields = parseFields(entry.fieldsV1);
    const theirs = items.filter((item) => ownsWithin(fields, item));
    if (theirs.length === 0) return [entry];
    taken = unionFields(taken, ...theirs.map((item) => onlyField(fields, item)));
    const fieldsV1 = serializeFields(theirs.reduce(withoutField, fields));
    return Object.keys(fieldsV1).length === 0 ? [] : [{ ...entry, fieldsV1 }];
  });
  if (taken === emptyFieldSet) return undefined;
  const fieldsV1 = serializeFields(unionFields(parseFields(own.fieldsV1), taken));
  return [
    { op: "test", path: "/metadata/resourceVersion", value: live.metadata.resourceVersion },
    { op: "replace", path: "/metadata/managedFields", value: [...others, { ...own, fieldsV1 }] },
  ];
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
