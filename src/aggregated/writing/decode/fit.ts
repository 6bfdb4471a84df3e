/** Values and shapes: what of a value is known, what is not, and what is of the wrong type. */
import {
  copyOf,
  fieldOf,
  isJsonObject,
  type Json,
  type JsonObject,
  pathTo,
  setField,
  sortOf,
} from "./json_value.ts";
import { MAX_DUPLICATES } from "./parsed.ts";
import type { Shape } from "./shape.ts";
import { isTime } from "./time.ts";

export interface Fit {
  /** A new value: known fields alone, without nulls that mean nothing, with what is stored where nothing is said. */
  readonly value: Json;
  /** Paths of fields that there are not. At most {@linkcode MAX_DUPLICATES}. */
  readonly unknown: readonly string[];
  /** What is of another type than its field, as sentences. */
  readonly mismatches: readonly string[];
}

/** @param path where `value` is. @default the object itself */
export function fit(value: Json, shape: Shape, path = ""): Fit {
  const fitting = new Fitting();
  const fitted = fitting.value(value, shape, path);
  return { value: fitted ?? null, unknown: fitting.unknown, mismatches: fitting.mismatches };
}

class Fitting {
  readonly unknown: string[] = [];
  readonly mismatches: string[] = [];

  /** Undefined: there is nothing, as null means for most fields. */
  value(value: Json, shape: Shape, path: string): Json | undefined {
    if (value === null) return shape.nullable || shape.type === "any" ? null : undefined;
    switch (shape.type) {
      case "object":
        return isJsonObject(value) ? this.#object(value, shape, path) : this.#wrong(value, "an object", path);
      case "map":
        return isJsonObject(value) ? this.#map(value, shape, path) : this.#wrong(value, "an object", path);
      case "list":
        return Array.isArray(value) ? this.#list(value, shape, path) : this.#wrong(value, "a list", path);
      case "any":
        return this.#any(value, shape, path);
      default:
        return this.#scalar(value, shape, path);
    }
  }

  #object(object: JsonObject, { fields }: Shape, path: string): JsonObject {
    const known: JsonObject = {};
    for (const [name, value] of Object.entries(object)) {
      const shape = fields.get(name);
      if (shape === undefined) {
        if (this.unknown.length < MAX_DUPLICATES) this.unknown.push(pathTo(path, name));
        continue;
      }
      const fitted = this.value(value, shape, pathTo(path, name));
      if (fitted !== undefined) setField(known, name, fitted);
    }
    for (const [name, { storedDefault }] of fields) {
      if (storedDefault !== undefined && fieldOf(known, name) === undefined) {
        setField(known, name, copyOf(storedDefault));
      }
    }
    return known;
  }

  #map(map: JsonObject, { items, isShared }: Shape, path: string): JsonObject {
    const known: JsonObject = {};
    for (const [name, value] of Object.entries(map)) {
      const fitted = this.value(value, items!, pathTo(path, name));
      if (fitted !== undefined) setField(known, name, fitted);
      // Labels and annotations are read by Kubernetes as texts, and null as the empty one.
      else if (isShared && value === null) setField(known, name, "");
    }
    return known;
  }

  #list(list: Json[], { items }: Shape, path: string): Json[] {
    return list.map((item, index) => {
      const at = pathTo(path, index);
      const fitted = items === undefined ? item : this.value(item, items, at);
      if (fitted === undefined && item === null) this.#wrong(null, "a value", at);
      return fitted ?? null;
    });
  }

  #any(value: Json, { isIntOrString }: Shape, path: string): Json | undefined {
    const isEither = typeof value === "string" || Number.isSafeInteger(value);
    return isIntOrString && !isEither ? this.#wrong(value, "a whole number or a text", path) : value;
  }

  #scalar(value: Json, { type, format, isShared }: Shape, path: string): Json | undefined {
    switch (type) {
      case "integer": {
        const isOne = format === "int32" ? value === (Number(value) | 0) : Number.isSafeInteger(value);
        return isOne ? value : this.#wrong(value, `a whole number of ${format ?? "int64"}`, path);
      }
      case "string":
        if (typeof value !== "string") return this.#wrong(value, "a string", path);
        if (!isShared || format !== "date-time" || isTime(value)) return value;
        return this.#wrong(value, "a time as RFC 3339 has it", path);
      default: {
        const sort: string = typeof value;
        return sort === type ? value : this.#wrong(value, `a ${type}`, path);
      }
    }
  }

  #wrong(value: Json, wanted: string, path: string): undefined {
    const got = typeof value === "number" ? `the number ${value}` : sortOf(value);
    if (this.mismatches.length < MAX_DUPLICATES) {
      this.mismatches.push(`${path === "" ? "the object" : path} must be ${wanted}, not ${got}`);
    }
  }
}
