/** Who owns which field: what the API server keeps in `metadata.managedFields`, and what server-side apply makes of it. */
import type { KubeObject } from "../../src/api/object.ts";
import type { ManagedFieldsEntry } from "../../src/api/kubernetes/types.ts";
import { canonicalJson } from "../../src/kube/apply/canonical_json.ts";
import { below, type FieldSchema, fieldSchemaOf, itemKey } from "../../src/kube/apply/field_schema.ts";
import {
  emptyFieldSet,
  type FieldSet,
  isEmptyFieldSet,
  parseFields,
  parseStep,
  serializeFields,
  stepText,
  unionFields,
} from "../../src/kube/apply/field_set.ts";
import { sameData } from "../../src/reconciler/same_data.ts";

export type Fields = Record<string, unknown>;

/** Never anybody's. */
const UNOWNED = new Set([
  "name",
  "namespace",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "managedFields",
]);

const leaf: FieldSet = { member: true, children: new Map() };

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The fields that `object` sets, status left out. */
export function fieldsOf(object: KubeObject): FieldSet {
  const schema = fieldSchemaOf(object);
  const children = new Map<string, FieldSet>();
  for (const [name, value] of Object.entries(object)) {
    if (name === "apiVersion" || name === "kind" || name === "status" || value === undefined) continue;
    const given = name === "metadata" && isFields(value)
      ? Object.fromEntries(Object.entries(value).filter(([field]) => !UNOWNED.has(field)))
      : value;
    const set = fieldsIn(given, name, schema);
    if (!(name === "metadata" && set.children.size === 0)) children.set(`f:${name}`, set);
  }
  return { member: false, children };
}

function fieldsIn(value: unknown, path: string, schema: FieldSchema): FieldSet {
  if (Array.isArray(value)) {
    const type = schema.list(path);
    if (type.type === "atomic" || value.length === 0) return leaf;
    const children = new Map<string, FieldSet>();
    for (const item of value) {
      if (type.type === "set") children.set(stepText({ value: item }), leaf);
      else {
        const set = schema.isAtomicMap(path) ? leaf : fieldsIn(item, path, schema);
        children.set(stepText({ key: itemKey(item, type.keys) ?? {} }), {
          member: true,
          children: set.children,
        });
      }
    }
    return { member: false, children };
  }
  if (!isFields(value) || schema.isAtomicMap(path)) return leaf;
  const children = new Map<string, FieldSet>();
  for (const [name, field] of Object.entries(value)) {
    if (field !== undefined) children.set(`f:${name}`, fieldsIn(field, below(path, name), schema));
  }
  return children.size === 0 ? leaf : { member: false, children };
}

/** What is in `left` and not in `right`. */
export function minus(left: FieldSet, right: FieldSet): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [step, child] of left.children) {
    const other = right.children.get(step);
    const rest = other === undefined ? child : minus(child, other);
    if (!isEmptyFieldSet(rest)) children.set(step, rest);
  }
  return { member: left.member && !right.member, children };
}

/** What is in `left`, and in `right` neither itself nor anything below it. */
function lost(left: FieldSet, right: FieldSet): FieldSet {
  if (left.children.size === 0) return isEmptyFieldSet(right) ? left : emptyFieldSet;
  const children = new Map<string, FieldSet>();
  for (const [step, child] of left.children) {
    const rest = lost(child, right.children.get(step) ?? emptyFieldSet);
    if (!isEmptyFieldSet(rest)) children.set(step, rest);
  }
  return { member: left.member && isEmptyFieldSet(right), children };
}

/** What is in both. */
export function common(left: FieldSet, right: FieldSet): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [step, child] of left.children) {
    const other = right.children.get(step);
    if (other !== undefined) children.set(step, common(child, other));
  }
  return { member: left.member && right.member, children };
}

/** The part of `set` whose values differ between both objects. */
export function differing(set: FieldSet, before: KubeObject, after: KubeObject): FieldSet {
  return differingIn(set, before, after);
}

function differingIn(set: FieldSet, before: unknown, after: unknown): FieldSet {
  if (set.children.size === 0) return sameData(before, after) ? emptyFieldSet : set;
  const children = new Map<string, FieldSet>();
  for (const [step, child] of set.children) {
    const part = differingIn(child, at(before, step), at(after, step));
    if (!isEmptyFieldSet(part)) children.set(step, part);
  }
  return { member: set.member && before === undefined, children };
}

function at(value: unknown, step: string): unknown {
  const parsed = parseStep(step);
  if (typeof parsed === "string") return isFields(value) ? value[parsed] : undefined;
  return Array.isArray(value) && parsed !== undefined ? value.find((item) => matches(item, step)) : undefined;
}

function matches(item: unknown, step: string): boolean {
  const parsed = parseStep(step);
  if (parsed === undefined || typeof parsed === "string") return false;
  if ("key" in parsed) {
    return canonicalJson(itemKey(item, Object.keys(parsed.key))) === canonicalJson(parsed.key);
  }
  return "value" in parsed && canonicalJson(item) === canonicalJson(parsed.value);
}

/** `config` laid over `live`, list items by their keys. */
export function merged(live: unknown, config: unknown, path: string, schema: FieldSchema): unknown {
  if (Array.isArray(config)) {
    const type = schema.list(path);
    if (type.type === "atomic" || !Array.isArray(live)) return config;
    const idOf = (item: unknown) => canonicalJson(type.type === "map" ? itemKey(item, type.keys) : item);
    const ours = new Set(config.map(idOf));
    return [
      ...config.map((item) => {
        const there = live.find((one) => idOf(one) === idOf(item));
        return there === undefined || type.type === "set" || schema.isAtomicMap(path)
          ? item
          : merged(there, item, path, schema);
      }),
      ...live.filter((item) => !ours.has(idOf(item))),
    ];
  }
  if (!isFields(config) || !isFields(live) || schema.isAtomicMap(path)) return config;
  const result: Fields = { ...live };
  for (const [name, value] of Object.entries(config)) {
    result[name] = merged(live[name], value, below(path, name), schema);
  }
  return result;
}

/** `value` without the fields of `gone`; containers that are empty then go as well. */
export function without(value: unknown, gone: FieldSet): unknown {
  if (Array.isArray(value)) {
    return value.flatMap((item) => {
      for (const [step, child] of gone.children) {
        if (!matches(item, step)) continue;
        return child.member ? [] : [without(item, child)];
      }
      return [item];
    });
  }
  if (!isFields(value)) return value;
  const result: Fields = { ...value };
  for (const [step, child] of gone.children) {
    const name = step.slice(2);
    if (!step.startsWith("f:") || !(name in result)) continue;
    if (child.children.size === 0) {
      delete result[name];
      continue;
    }
    const rest = without(result[name], child);
    const isEmpty = Array.isArray(rest)
      ? rest.length === 0
      : isFields(rest) && Object.keys(rest).length === 0;
    if (isEmpty) delete result[name];
    else result[name] = rest;
  }
  return result;
}

/** The object that an apply makes of `live`, with its managers. */
export function applied(
  live: KubeObject,
  config: KubeObject,
  manager: string,
  time: string,
): KubeObject {
  const schema = fieldSchemaOf(config);
  const entries = live.metadata.managedFields ?? [];
  const own = entries.find((entry) =>
    entry.manager === manager && entry.operation === "Apply" && !entry.subresource
  );
  const wanted = fieldsOf(config);
  const after = merged(live, config, "", schema) as KubeObject;
  const changed = differing(wanted, live, after);
  const others = entries.filter((entry) => entry !== own).map((entry) => ({
    entry,
    fields: minus(parseFields(entry.fieldsV1), changed),
  }));
  const kept = unionFields(wanted, ...others.map(({ fields }) => fields));
  const gone = lost(parseFields(own?.fieldsV1), kept);
  const object = without(after, gone) as KubeObject;
  return {
    ...object,
    metadata: {
      ...object.metadata,
      managedFields: [
        ...others.filter(({ fields }) => !isEmptyFieldSet(fields)).map(({ entry, fields }) =>
          withFields(entry, fields)
        ),
        ...isEmptyFieldSet(wanted) ? [] : [
          entryOf(
            live,
            { manager, operation: "Apply", ...(own?.time !== undefined && { time: own.time }) },
            wanted,
            time,
          ),
        ],
      ],
    },
  };
}

/** The managers after a plain write. */
export function managersAfter(
  before: KubeObject,
  after: KubeObject,
  writer: { manager: string; subresource?: string | undefined },
  time: string,
): ManagedFieldsEntry[] {
  const now = fieldsOf(after);
  const changed = differing(now, before, after);
  const entries = before.metadata.managedFields ?? [];
  const isOwn = (entry: ManagedFieldsEntry) =>
    entry.manager === writer.manager && entry.operation === "Update" &&
    (entry.subresource ?? "") === (writer.subresource ?? "");
  const rest = entries.map((entry) => ({
    entry,
    fields: common(
      isOwn(entry) ? parseFields(entry.fieldsV1) : minus(parseFields(entry.fieldsV1), changed),
      now,
    ),
  }));
  const own = rest.find(({ entry }) => isOwn(entry));
  const next = rest.filter((one) => one !== own).filter(({ fields }) => !isEmptyFieldSet(fields))
    .map(({ entry, fields }) => withFields(entry, fields));
  const fields = unionFields(own?.fields ?? emptyFieldSet, changed);
  if (isEmptyFieldSet(fields)) return next;
  return [...next, entryOf(after, { ...writer, operation: "Update" }, fields, time)];
}

function entryOf(
  object: KubeObject,
  writer: { manager: string; operation: string; subresource?: string | undefined; time?: string },
  fields: FieldSet,
  time: string,
): ManagedFieldsEntry {
  return {
    manager: writer.manager,
    operation: writer.operation,
    apiVersion: object.apiVersion,
    time: writer.time ?? time,
    fieldsType: "FieldsV1",
    fieldsV1: serializeFields(fields),
    ...(writer.subresource !== undefined && { subresource: writer.subresource }),
  };
}

function withFields(entry: ManagedFieldsEntry, fields: FieldSet): ManagedFieldsEntry {
  return { ...entry, fieldsV1: serializeFields(fields) };
}
