/** The part of an object that a set of fields covers: what one field manager wrote. */
import type { KubeObject } from "../../api/object.ts";
import { type FieldSet, isEmptyFieldSet, parseStep } from "./field_set.ts";
import { below, type FieldSchema, fieldSchemaOf, itemKey } from "./field_schema.ts";
import { canonicalJson } from "./canonical_json.ts";

/**
 * A copy of `live` that holds only what `fields` covers, in the order of `live`, so that it reads byte for byte as its
 * writer sent it (with the defaults the API server added then, which it counts as the writer's). List items keep their
 * key fields. Kind, apiVersion, name and namespace always stay.
 */
export function extractFields<T extends KubeObject>(live: T, fields: FieldSet): T {
  const covered = extractMap(live as unknown as Fields, fields, "", fieldSchemaOf(live)) ?? {};
  const { name, namespace } = live.metadata;
  return {
    apiVersion: live.apiVersion,
    kind: live.kind,
    ...covered,
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(covered["metadata"] as Fields | undefined),
    },
  } as unknown as T;
}

type Fields = Record<string, unknown>;

function extractValue(value: unknown, fields: FieldSet, path: string, schema: FieldSchema): unknown {
  if (isWhole(value, fields, path, schema)) return structuredClone(value);
  const part = Array.isArray(value)
    ? extractList(value, fields, path, schema)
    : extractMap(value as Fields, fields, path, schema);
  return part ?? (fields.member ? (Array.isArray(value) ? [] : {}) : undefined);
}

/** A leaf stands for its whole value, unless the value merges field by field and others have written into it since. */
function isWhole(value: unknown, fields: FieldSet, path: string, schema: FieldSchema): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (fields.children.size > 0) return false;
  if (!schema.known) return true;
  return Array.isArray(value) ? schema.list(path).type === "atomic" : schema.isAtomicMap(path);
}

function extractMap(value: Fields, fields: FieldSet, path: string, schema: FieldSchema): Fields | undefined {
  const result: Fields = {};
  for (const [name, field] of Object.entries(value)) {
    const subset = fields.children.get(`f:${name}`);
    if (subset === undefined || isEmptyFieldSet(subset)) continue;
    const part = extractValue(field, subset, below(path, name), schema);
    if (part !== undefined) result[name] = part;
  }
  return Object.keys(result).length === 0 ? undefined : result;
}

function extractList(
  list: readonly unknown[],
  fields: FieldSet,
  path: string,
  schema: FieldSchema,
): unknown[] | undefined {
  const result: unknown[] = [];
  list.forEach((item, index) => {
    const match = findItem(item, index, fields);
    if (match !== undefined) result.push(extractItem(item, match, path, schema));
  });
  return result.length === 0 ? undefined : result;
}

function extractItem(item: unknown, match: ItemMatch, path: string, schema: FieldSchema): unknown {
  // A list item without anything below it is covered as a whole.
  if (match.fields.children.size === 0 || typeof item !== "object" || item === null) {
    return structuredClone(item);
  }
  const part = extractValue(item, match.fields, path, schema);
  const own = item as Fields;
  const covered = part as Fields | undefined;
  const result: Fields = {};
  for (const [name, value] of Object.entries(own)) {
    if (covered !== undefined && name in covered) result[name] = covered[name];
    else if (match.keys.includes(name)) result[name] = structuredClone(value);
  }
  return result;
}

interface ItemMatch {
  fields: FieldSet;
  /** Names of the key fields. */
  keys: readonly string[];
}

function findItem(item: unknown, index: number, fields: FieldSet): ItemMatch | undefined {
  for (const [text, subset] of fields.children) {
    const step = parseStep(text);
    if (step === undefined || typeof step === "string" || isEmptyFieldSet(subset)) continue;
    if ("key" in step) {
      const keys = Object.keys(step.key);
      if (canonicalJson(itemKey(item, keys)) === canonicalJson(step.key)) return { fields: subset, keys };
    } else if ("value" in step ? canonicalJson(item) === canonicalJson(step.value) : step.index === index) {
      return { fields: subset, keys: [] };
    }
  }
  return undefined;
}
