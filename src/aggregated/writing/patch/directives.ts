/** The words with which a strategic merge patch says more than values. */
import { badRequest } from "../../serving/status_errors.ts";
import { fieldOf, isJsonObject, type Json, type JsonObject, setField, sortOf } from "../decode/json_value.ts";

export const PATCH = "$patch";
export const RETAIN_KEYS = "$retainKeys";
const ORDER = "$setElementOrder";
const DELETIONS = "$deleteFromPrimitiveList";

/** A patch of one object, its directives apart from its values. */
export interface ObjectPatch {
  /** `replace`: nothing is merged, `values` is what there shall be. `delete`: there shall be nothing. */
  readonly whole?: "replace" | "delete";
  /** What may stay. */
  readonly retain?: readonly string[];
  /** By list, the order that its items shall have. */
  readonly orders: ReadonlyMap<string, readonly Json[]>;
  /** By list, texts and numbers that shall not be in it. */
  readonly deletions: ReadonlyMap<string, readonly Json[]>;
  readonly values: JsonObject;
}

/** @throws {StatusError} 400 for directives that there are not, or that say what they cannot */
export function readObjectPatch(patch: JsonObject): ObjectPatch {
  const orders = new Map<string, readonly Json[]>();
  const deletions = new Map<string, readonly Json[]>();
  const values: JsonObject = {};
  for (const [key, value] of Object.entries(patch)) {
    if (key === PATCH || key === RETAIN_KEYS) continue;
    if (key.startsWith(ORDER)) orders.set(listOf(key, ORDER), itemsOf(value, key));
    else if (key.startsWith(DELETIONS)) deletions.set(listOf(key, DELETIONS), itemsOf(value, key));
    else setField(values, key, value);
  }
  const said = fieldOf(patch, PATCH);
  const whole = said === undefined || said === "merge" ? {} : { whole: wholeOf(said) };
  if (said === "merge") throw badRequest(`invalid ${PATCH}: "merge" is what is done anyhow`);
  const kept = fieldOf(patch, RETAIN_KEYS);
  if (kept === undefined || said !== undefined) return { ...whole, orders, deletions, values };
  const retain = itemsOf(kept, RETAIN_KEYS).map(String);
  const odd = Object.entries(values).find(([key, value]) => value !== null && !retain.includes(key));
  if (odd !== undefined) {
    throw badRequest(`invalid ${RETAIN_KEYS}: ${odd[0]} is in the patch and not in the list`);
  }
  return { retain, orders, deletions, values };
}

/** What an item of a list says of itself: to go away, or to be the whole list with the others. */
export function itemDirective(item: JsonObject): "delete" | "replace" | undefined {
  const said = fieldOf(item, PATCH);
  return said === undefined ? undefined : wholeOf(said);
}

/** A new value without anything that has a directive: where there is nothing to merge with. Undefined: nothing is left. */
export function withoutDirectives(value: Json): Json | undefined {
  if (Array.isArray(value)) {
    return value.flatMap((item) => {
      const kept = withoutDirectives(item);
      return kept === undefined ? [] : [kept];
    });
  }
  if (!isJsonObject(value)) return value;
  if (Object.hasOwn(value, PATCH)) return undefined;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, below]) => {
      const kept = below === null ? undefined : withoutDirectives(below);
      return kept === undefined ? [] : [[key, kept]];
    }),
  );
}

function wholeOf(said: Json): "delete" | "replace" {
  if (said === "delete" || said === "replace") return said;
  throw badRequest(`invalid ${PATCH}: ${JSON.stringify(said)} is neither "replace" nor "delete"`);
}

function listOf(key: string, directive: string): string {
  if (key.length > directive.length + 1 && key[directive.length] === "/") {
    return key.slice(directive.length + 1);
  }
  throw badRequest(`invalid patch format: ${key} must name a list, as ${directive}/list`);
}

function itemsOf(value: Json, directive: string): readonly Json[] {
  if (Array.isArray(value)) return value;
  throw badRequest(`invalid patch format: ${directive} must be a list, not ${sortOf(value)}`);
}
