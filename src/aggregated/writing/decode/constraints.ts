/** Rules that a schema sets for values of the right type. `metadata` has rules of its own. */
import type { StatusCause } from "../../serving/status_errors.ts";
import {
  duplicate,
  invalidValue,
  MAX_CAUSES,
  notSupported,
  required,
  tooLong,
  tooMany,
  wrongType,
} from "./causes.ts";
import { fieldOf, isJsonObject, type Json, type JsonObject, pathTo, sameJson } from "./json_value.ts";
import type { Shape } from "./shape.ts";
import { isTime } from "./time.ts";

/** Everything that is wrong with an object that has been fitted to `shape`. */
export function objectionsTo(object: JsonObject, shape: Shape): StatusCause[] {
  const { metadata: _metadata, ...own } = object;
  return objections(own, shape, "");
}

function objections(value: Json, shape: Shape, path: string): StatusCause[] {
  // Where null is a value it is as good as any.
  if (value === null) return [];
  if (shape.enum !== undefined && !shape.enum.some((one) => sameJson(one, value))) {
    return [notSupported(path, value, shape.enum.map(String))];
  }
  if (typeof value === "string") return textObjections(value, shape, path);
  if (typeof value === "number") return numberObjections(value, shape, path);
  if (Array.isArray(value)) return listObjections(value, shape, path);
  return isJsonObject(value) ? objectObjections(value, shape, path) : [];
}

function textObjections(text: string, shape: Shape, path: string): StatusCause[] {
  const { minLength = 0, maxLength = Infinity, pattern, format, isShared } = shape;
  const causes: StatusCause[] = [];
  const length = maxLength === Infinity && minLength === 0 ? 0 : [...text].length;
  if (length > maxLength) causes.push(tooLong(path, maxLength));
  if (length < minLength) {
    causes.push(invalidValue(path, text, `should be at least ${minLength} chars long`));
  }
  if (pattern !== undefined && !new RegExp(pattern, "u").test(text)) {
    causes.push(invalidValue(path, text, `should match '${pattern}'`));
  }
  if (format === "date-time" && !isShared && !isTime(text)) {
    causes.push(wrongType(path, text, "must be a time as RFC 3339 has it"));
  }
  return causes;
}

function numberObjections(number: number, shape: Shape, path: string): StatusCause[] {
  const { minimum = -Infinity, maximum = Infinity } = shape;
  if (number < minimum) {
    return [invalidValue(path, number, `should be greater than or equal to ${minimum}`)];
  }
  if (number > maximum) return [invalidValue(path, number, `should be less than or equal to ${maximum}`)];
  return [];
}

function listObjections(list: Json[], shape: Shape, path: string): StatusCause[] {
  const { minItems = 0, maxItems = Infinity, items, mapKeys, isSet } = shape;
  const causes: StatusCause[] = [];
  if (list.length > maxItems) causes.push(tooMany(path, list.length, maxItems));
  if (list.length < minItems) {
    causes.push(invalidValue(path, list.length, `should have at least ${minItems} items`));
  }
  if (items !== undefined) {
    list.forEach((item, index) => addAll(causes, objections(item, items, pathTo(path, index))));
  }
  if (isSet || mapKeys.length > 0) addAll(causes, repeated(list, mapKeys, path));
  return causes;
}

/** As many as anybody is told of. */
function addAll(causes: StatusCause[], more: readonly StatusCause[]): void {
  causes.push(...more.slice(0, Math.max(0, MAX_CAUSES - causes.length)));
}

/** Each value that is there again, once. */
function repeated(list: Json[], mapKeys: readonly string[], path: string): StatusCause[] {
  const times = new Map<string, number>();
  return list.flatMap((item, index) => {
    const what = mapKeys.length === 0 ? item : keyOf(item as JsonObject, mapKeys);
    const text = JSON.stringify(what);
    times.set(text, (times.get(text) ?? 0) + 1);
    return times.get(text) === 2 ? [duplicate(pathTo(path, index), what)] : [];
  });
}

function keyOf(item: JsonObject, mapKeys: readonly string[]): JsonObject {
  return Object.fromEntries(
    mapKeys.flatMap((name) => {
      const value = fieldOf(item, name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function objectObjections(object: JsonObject, shape: Shape, path: string): StatusCause[] {
  const { fields, items, minProperties = 0, maxProperties = Infinity } = shape;
  const missing = shape.required.filter((name) => !Object.hasOwn(object, name));
  const causes = missing.map((name) => required(pathTo(path, name)));
  const entries = Object.entries(object);
  if (entries.length > maxProperties) causes.push(tooMany(path, entries.length, maxProperties));
  if (entries.length < minProperties) {
    causes.push(invalidValue(path, entries.length, `should have at least ${minProperties} properties`));
  }
  for (const [name, value] of entries) {
    const below = shape.type === "map" ? items : fields.get(name);
    if (below !== undefined) addAll(causes, objections(value, below, pathTo(path, name)));
  }
  return causes;
}
