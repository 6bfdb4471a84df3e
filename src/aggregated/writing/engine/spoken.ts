/** What a request speaks of, whether that is another than it was or not. */
import type { WriteRequest } from "../../serving/storage.ts";
import { parseYamlBytes } from "../decode/body.ts";
import { isJsonObject, type Json } from "../decode/json_value.ts";

/** Names of the fields of the spec that a change says something of; none where its body cannot be read. */
export function spokenOf({ body }: Pick<WriteRequest, "body">): ReadonlySet<string> {
  let value: Json;
  try {
    value = parseYamlBytes(body).value;
  } catch {
    return new Set();
  }
  const names = Array.isArray(value)
    ? value.flatMap(namesIn)
    : isJsonObject(value)
    ? keysOf(value["spec"])
    : [];
  return new Set(names);
}

/** Of one operation of a JSON patch. */
function namesIn(operation: Json): string[] {
  if (!isJsonObject(operation)) return [];
  const { op, path, value } = operation;
  if (op !== "add" && op !== "replace" || typeof path !== "string") return [];
  const [, first, name] = path.split("/");
  if (first !== "spec") return [];
  return name === undefined ? keysOf(value) : [name];
}

function keysOf(spec: Json | undefined): string[] {
  return isJsonObject(spec)
    ? Object.entries(spec).flatMap(([name, value]) => value === null ? [] : [name])
    : [];
}
