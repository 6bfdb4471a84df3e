/**
 * JSON patch (RFC 6902), with the ways of Kubernetes where the standard says otherwise or nothing: negative indexes count
 * from the end, `replace` and `copy` take a field that is not there for null, and the size of copies is limited.
 */
import { badRequest } from "../../serving/status_errors.ts";
import {
  copyOf,
  fieldOf,
  isJsonObject,
  type Json,
  type JsonObject,
  sameJson,
  setField,
  sizeOf,
  sortOf,
} from "../decode/json_value.ts";
import { doesNotApply, tooManyOperations } from "./errors.ts";

export const MAX_OPERATIONS = 10_000;
/** Of everything that `copy` copies in one patch, in bytes of JSON. */
export const MAX_COPIED = 3 * 1024 * 1024;

/** How many items of lists a patch may push aside, all operations together: each takes time. */
export const MAX_MOVED = 20_000_000;

const FIELDS = ["op", "path", "from", "value"];

/** Something in an object or a list. */
interface Place {
  readonly container: JsonObject | Json[];
  readonly key: string;
}

/** Fields of operations that there are not, as `[0].foo`. */
export function unknownOperationFields(patch: Json): string[] {
  if (!Array.isArray(patch)) return [];
  return patch.flatMap((operation, index) =>
    isJsonObject(operation)
      ? Object.keys(operation).filter((name) => !FIELDS.includes(name)).map((name) => `[${index}].${name}`)
      : []
  );
}

/**
 * A new value; `document` stays as it is. A patch of null changes nothing.
 *
 * @param document nothing but an object can be patched
 * @throws {StatusError} 400 where it is no patch, 413 where it has too many operations, 422 where it does not apply
 */
export function applyJsonPatch(document: JsonObject, patch: Json): Json {
  if (patch === null) return document;
  if (!Array.isArray(patch)) throw badRequest("a JSON patch must be a list of operations");
  if (patch.length > MAX_OPERATIONS) throw tooManyOperations(patch.length, MAX_OPERATIONS);
  const run = new Run(copyOf(document) as JsonObject);
  patch.forEach((operation, index) => {
    if (operation !== null && !isJsonObject(operation)) {
      throw badRequest(`operation ${index} of the JSON patch must be an object`);
    }
    checkTypes(operation ?? {}, index);
    run.apply(operation ?? {}, index);
  });
  return run.document;
}

function checkTypes(operation: JsonObject, index: number): void {
  for (const name of ["op", "path", "from"]) {
    const said = fieldOf(operation, name) ?? null;
    if (said === null || typeof said === "string") continue;
    throw badRequest(
      `error decoding patch: ${name} of operation ${index} must be a string, not ${sortOf(said)}`,
    );
  }
}

class Run {
  #copied = 0;
  #moved = 0;

  constructor(public document: JsonObject | Json[]) {}

  apply(operation: JsonObject, index: number): void {
    const say = (why: string) => doesNotApply(`operation ${index} (${String(operation["op"])}): ${why}`);
    const path = (name: "path" | "from"): string => {
      const said = fieldOf(operation, name);
      if (typeof said !== "string") throw say(`it has no ${name}`);
      return said;
    };
    const place = (name: "path" | "from"): Place => {
      const found = placeOf(this.document, path(name));
      if (found === undefined) throw say(`${JSON.stringify(path(name))} leads nowhere`);
      return found;
    };
    const value = fieldOf(operation, "value");
    const shift = (at: Place): Place => {
      if (Array.isArray(at.container)) this.#moved += at.container.length;
      if (this.#moved > MAX_MOVED) throw say(`it moves too many items of lists: ${MAX_MOVED} is the limit`);
      return at;
    };
    switch (fieldOf(operation, "op")) {
      case "add":
        return add(shift(place("path")), copyOf(value ?? null), say);
      case "remove":
        return remove(shift(place("path")), say);
      case "replace":
        return this.#replace(path("path"), copyOf(value ?? null), place, say);
      case "move": {
        const from = shift(place("from"));
        const moved = get(from, say) ?? null;
        remove(from, say);
        return add(shift(place("path")), moved, say);
      }
      case "copy": {
        const copied = copyOf(get(place("from"), say) ?? null);
        this.#copied += sizeOf(copied);
        if (this.#copied > MAX_COPIED) throw say(`copies are limited to ${MAX_COPIED} bytes`);
        return add(shift(place("path")), copied, say);
      }
      case "test": {
        const found = path("path") === "" ? this.document : get(place("path"), say) ?? null;
        if (!sameJson(found, value ?? null)) throw say(`the value at ${path("path")} is another one`);
        return;
      }
      default:
        throw say("there is no such operation");
    }
  }

  #replace(path: string, value: Json, place: (name: "path") => Place, say: Say): void {
    if (path !== "") {
      const found = place("path");
      get(found, say);
      return set(found, value, say);
    }
    if (typeof value !== "object" || value === null) {
      throw say("the whole can be replaced by an object alone");
    }
    this.document = value;
  }
}

type Say = (why: string) => Error;

/** Undefined: no such place. */
function placeOf(document: JsonObject | Json[], path: string): Place | undefined {
  const [first, ...parts] = path.split("/").slice(1).map(decoded);
  if (first === undefined) return undefined;
  let container = document;
  let key = first;
  for (const next of parts) {
    const below = childOf(container, key);
    if (typeof below !== "object" || below === null) return undefined;
    container = below;
    key = next;
  }
  return { container, key };
}

function decoded(part: string): string {
  return part.replace(/~[01]/g, (escape) => escape === "~1" ? "/" : "~");
}

function childOf(container: JsonObject | Json[], key: string): Json | undefined {
  if (!Array.isArray(container)) return fieldOf(container, key);
  const index = indexOf(key, container.length);
  return index === undefined || index >= container.length ? undefined : container[index];
}

/** From 0 to `length`; undefined for what is no index, or too small. */
function indexOf(key: string, length: number): number | undefined {
  if (!/^[+-]?\d+$/.test(key)) return undefined;
  const index = Number(key);
  const fromStart = index < 0 ? index + length : index;
  return fromStart < 0 || fromStart > length ? undefined : fromStart;
}

/** Undefined: a field that an object has not. */
function get({ container, key }: Place, say: Say): Json | undefined {
  return Array.isArray(container) ? container[existing(container, key, say)] : fieldOf(container, key);
}

function set({ container, key }: Place, value: Json, say: Say): void {
  if (Array.isArray(container)) container[existing(container, key, say)] = value;
  else setField(container, key, value);
}

function add({ container, key }: Place, value: Json, say: Say): void {
  if (!Array.isArray(container)) return setField(container, key, value);
  if (key === "-") return void container.push(value);
  // One more than there are: -1 is behind the last.
  const negative = key.startsWith("-");
  const index = indexOf(key, container.length + (negative ? 1 : 0));
  if (index === undefined) throw say(`there is no place ${key} in a list of ${container.length}`);
  container.splice(index, 0, value);
}

function remove({ container, key }: Place, say: Say): void {
  if (Array.isArray(container)) return void container.splice(existing(container, key, say), 1);
  if (!Object.hasOwn(container, key)) throw say(`there is no field ${JSON.stringify(key)}`);
  delete container[key];
}

function existing(list: Json[], key: string, say: Say): number {
  const index = indexOf(key, list.length);
  if (index === undefined || index === list.length) {
    throw say(`there is no item ${key} in a list of ${list.length}`);
  }
  return index;
}
