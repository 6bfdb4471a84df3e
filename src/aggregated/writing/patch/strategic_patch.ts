/**
 * Strategic merge patch: as a merge patch, but lists of which the schema says so are merged too, item by item, and
 * directives say what values cannot.
 */
import { badRequest } from "../../serving/status_errors.ts";
import { fieldOf, isJsonObject, type Json, type JsonObject, setField } from "../decode/json_value.ts";
import type { Shape } from "../decode/shape.ts";
import { readObjectPatch, withoutDirectives } from "./directives.ts";
import { mergeLists, ordered, successors } from "./list_merge.ts";

/**
 * A new value; `document` and `patch` stay as they are.
 *
 * @throws {StatusError} 400 for a patch that is none, 422 for one that does not go with the lists as they are
 */
export function applyStrategicPatch(document: JsonObject, patch: Json, shape: Shape): JsonObject {
  if (patch === null) return document;
  if (!isJsonObject(patch)) throw badRequest("a strategic merge patch must be an object");
  return mergeObjects(document, patch, shape);
}

/** @param shape undefined where nothing is known of it */
function mergeObjects(target: JsonObject, patch: JsonObject, shape: Shape | undefined): JsonObject {
  const { whole, retain, orders, deletions, values } = readObjectPatch(patch);
  if (whole === "delete") return {};
  if (whole === "replace") return values;
  const result = retain === undefined ? { ...target } : only(target, retain);
  for (const [name, order] of orders) {
    const merged = orderedList(name, order, fieldOf(result, name), fieldOf(values, name), shape);
    if (merged === undefined) continue;
    setField(result, name, merged);
    delete values[name];
  }
  for (const [name, value] of Object.entries(values)) {
    const merged = mergeField(fieldOf(result, name), value, fieldShape(shape, name));
    if (merged === undefined) delete result[name];
    else setField(result, name, merged);
  }
  for (const [name, gone] of deletions) {
    const list = fieldOf(result, name);
    const all = new Set(gone);
    if (Array.isArray(list)) setField(result, name, list.filter((item) => !all.has(item)));
  }
  return result;
}

/** Undefined: there shall be no such field. */
function mergeField(target: Json | undefined, patch: Json, shape: Shape | undefined): Json | undefined {
  if (patch === null) return undefined;
  if (isJsonObject(target) && isJsonObject(patch)) {
    return shape?.patch?.strategy === "replace" ? patch : mergeObjects(target, patch, shape);
  }
  if (Array.isArray(target) && Array.isArray(patch)) {
    return isMerged(shape) ? mergeLists(target, patch, mergeKeyOf(shape), mergerOf(shape)) : patch;
  }
  return withoutDirectives(patch);
}

/** A list whose order is said beside it. Undefined: there is none. */
function orderedList(
  name: string,
  order: readonly Json[],
  target: Json | undefined,
  patch: Json | undefined,
  shape: Shape | undefined,
): Json[] | undefined {
  const list = fieldShape(shape, name);
  if (!isMerged(list)) throw badRequest(`invalid patch format: ${name} is no list that is merged`);
  const key = mergeKeyOf(list);
  const [before, changes] = [target ?? undefined, patch ?? undefined];
  if (before === undefined && changes === undefined) return undefined;
  for (const one of [before, changes]) {
    if (one !== undefined && !Array.isArray(one)) throw badRequest(`invalid patch format: ${name} is a list`);
  }
  const old = (before ?? []) as Json[];
  const merged = before === undefined
    ? withoutDirectives(changes!) as Json[]
    : changes === undefined
    ? old
    : mergeLists(old, changes as Json[], key, mergerOf(list));
  return ordered(merged, order, successors(old, merged, key), key, (changes ?? []) as Json[]);
}

function mergerOf(list: Shape | undefined) {
  return (item: JsonObject, patch: JsonObject) => mergeObjects(item, patch, list?.items);
}

function isMerged(shape: Shape | undefined): boolean {
  return shape?.patch?.strategy === "merge";
}

function mergeKeyOf(shape: Shape | undefined): string | undefined {
  return shape?.patch?.mergeKey;
}

function fieldShape(shape: Shape | undefined, name: string): Shape | undefined {
  return shape?.type === "map" ? shape.items : shape?.fields.get(name);
}

function only(target: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(target).filter(([name]) => names.includes(name)));
}
