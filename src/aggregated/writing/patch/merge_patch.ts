/** JSON merge patch (RFC 7386). */
import { badRequest } from "../../serving/status_errors.ts";
import { fieldOf, isJsonObject, type Json, type JsonObject, setField } from "../decode/json_value.ts";

/**
 * A new value; `document` and `patch` stay as they are.
 *
 * @throws {StatusError} 400 where the patch is no object
 */
export function applyMergePatch(document: JsonObject, patch: Json): JsonObject {
  if (!isJsonObject(patch)) throw badRequest("a merge patch must be an object");
  return merged(document, patch) as JsonObject;
}

function merged(target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return withoutNulls(patch);
  if (!isJsonObject(target)) return withoutNulls(patch);
  const result = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else setField(result, key, merged(fieldOf(target, key), value));
  }
  return result;
}

/** Null means that there shall be nothing, also in what is new. In lists it is a value. */
function withoutNulls(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, below]) => below === null ? [] : [[key, withoutNulls(below)]]),
  );
}
