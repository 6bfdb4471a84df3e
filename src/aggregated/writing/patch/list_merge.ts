/** Lists that are merged: objects by one of their fields, texts and numbers by themselves. */
import { fieldOf, isJsonObject, type Json, type JsonObject } from "../decode/json_value.ts";
import { badRequest } from "../../serving/status_errors.ts";
import { itemDirective, withoutDirectives } from "./directives.ts";
import { doesNotApply } from "./errors.ts";

type Merge = (item: JsonObject, patch: JsonObject) => JsonObject;

/**
 * A new list: what the patch has, in its order, among what is left of the list.
 *
 * @param key undefined where items are no objects
 * @throws {StatusError} 400 for items that cannot be told from each other, 422 for lists in lists
 */
export function mergeLists(list: Json[], patch: Json[], key: string | undefined, merge: Merge): Json[] {
  const [first] = [...list, ...patch];
  if (first === undefined) return list;
  if (Array.isArray(first)) throw doesNotApply("lists of lists are not supported");
  if (!isJsonObject(first)) {
    const all = [...new Set([...scalars(list), ...scalars(patch)])];
    return ordered(all, patch, list, undefined, []);
  }
  if (key === undefined) throw badRequest("invalid patch format: the list has no field to tell its items by");
  const changes = objects(patch);
  const values = changes.filter((item) => itemDirective(item) === undefined);
  if (changes.some((item) => itemDirective(item) === "replace")) return values;
  const gone = new Set(
    changes.filter((item) => itemDirective(item) === "delete").map((item) => valueOf(item, key)),
  );
  const left = objects(list).filter((item) => !gone.has(valueOf(item, key)));
  const merged = [...left];
  const places = rank(left.map((item) => valueOf(item, key)));
  for (const change of values) {
    const value = valueOf(change, key);
    const place = places.get(value);
    if (place !== undefined) merged[place] = merge(merged[place]!, change);
    else places.set(value, merged.push((withoutDirectives(change) ?? {}) as JsonObject) - 1);
  }
  return ordered(merged, values, left, key, []);
}

/**
 * The items that `order` names in its order, the others as they were. Where another was before one of them it still is,
 * if that goes with the order.
 *
 * @param patch must itself be in that order
 */
export function ordered(
  list: Json[],
  order: readonly Json[],
  before: readonly Json[],
  key: string | undefined,
  patch: readonly Json[],
): Json[] {
  const keyOf = (item: Json): Json => key === undefined ? item : valueOf(item, key);
  const wanted = rank(order.map(keyOf));
  const was = rank(before.map(keyOf));
  checkOrder(patch.filter((item) => !isDeletion(item)).map(keyOf), order.map(keyOf));
  const byRank = (ranks: Map<Json, number>) => (one: Json, other: Json) =>
    (ranks.get(keyOf(one)) ?? 0) - (ranks.get(keyOf(other)) ?? 0);
  const named = list.filter((item) => wanted.has(keyOf(item))).sort(byRank(wanted));
  const others = list.filter((item) => !wanted.has(keyOf(item))).sort(byRank(was));
  const result: Json[] = [];
  let next = 0;
  for (const item of named) {
    const place = was.get(keyOf(item)) ?? -1;
    while (next < others.length && (was.get(keyOf(others[next]!)) ?? Infinity) < place) {
      result.push(others[next++]!);
    }
    result.push(item);
  }
  return [...result, ...others.slice(next)];
}

/**
 * The list as it counts for where new items go: in the API server they take the places of those that were deleted, at the
 * end, as far as there are such.
 */
export function successors(
  before: readonly Json[],
  merged: readonly Json[],
  key: string | undefined,
): Json[] {
  if (key === undefined) return [...before];
  const [was, is] = [before, merged].map((list) => rank(list.map((item) => valueOf(item, key))));
  const left = before.filter((item) => is!.has(valueOf(item, key)));
  const added = merged.filter((item) => !was!.has(valueOf(item, key)));
  return [...left, ...added.slice(0, before.length - left.length)];
}

/** Whether `items` come in `order` in this order, all of them. */
function checkOrder(items: readonly Json[], order: readonly Json[]): void {
  if (order.length === 0) return;
  let next = 0;
  for (const item of items) {
    while (next < order.length && order[next] !== item) next++;
    if (next++ === order.length) {
      throw badRequest("invalid patch format: the order in a list does not match $setElementOrder");
    }
  }
}

function rank(keys: readonly Json[]): Map<Json, number> {
  const ranks = new Map<Json, number>();
  keys.forEach((key, index) => void (ranks.has(key) || ranks.set(key, index)));
  return ranks;
}

function isDeletion(item: Json): boolean {
  return isJsonObject(item) && itemDirective(item) !== undefined;
}

function valueOf(item: Json, key: string): Json {
  const value = isJsonObject(item) ? fieldOf(item, key) : undefined;
  if (value === undefined) throw badRequest(`invalid patch format: an item of a list has no ${key}`);
  return value;
}

function objects(list: Json[]): JsonObject[] {
  return list.map((item) => {
    if (!isJsonObject(item)) throw badRequest("invalid patch format: items of a list are of different types");
    return item;
  });
}

function scalars(list: Json[]): Json[] {
  for (const item of list) {
    if (typeof item === "object") {
      throw badRequest("invalid patch format: items of a list are of different types");
    }
  }
  return list;
}
