/** Nulls in what is applied: most of them say that there is nothing, and so that nothing is wanted. */
import { isJsonObject, type Json, type JsonObject, setField } from "../decode/json_value.ts";
import type { Shape } from "../decode/shape.ts";

/**
 * The same value without nulls that mean nothing, as {@linkcode fit} reads them; everything else, right or wrong, as it is.
 * Who applies does not come to own what is not there, and the same configuration stays the same.
 */
export function withoutNulls(object: JsonObject, shape: Shape): JsonObject {
  return inObject(object, (name) => shape.fields.get(name));
}

/** Undefined: there is nothing. @param shape absent: there is no such field, which is told later */
function meant(value: Json, shape: Shape | undefined): Json | undefined {
  if (shape === undefined) return value;
  if (value === null) return shape.nullable || shape.type === "any" ? null : undefined;
  if (Array.isArray(value)) return value.map((item) => meant(item, shape.items) ?? null);
  if (!isJsonObject(value)) return value;
  return inObject(value, (name) => shape.type === "map" ? shape.items : shape.fields.get(name), shape);
}

function inObject(
  object: JsonObject,
  shapeOf: (name: string) => Shape | undefined,
  shape?: Shape,
): JsonObject {
  const result: JsonObject = {};
  for (const [name, value] of Object.entries(object)) {
    const kept = meant(value, shapeOf(name));
    if (kept !== undefined) setField(result, name, kept);
    // Labels and annotations are texts, and null is the empty one.
    else if (shape?.type === "map" && shape.isShared) setField(result, name, "");
  }
  return result;
}
