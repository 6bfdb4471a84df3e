/** Whether a value is what its schema says, as far as merging depends on it. */
import { isList, isMap, type Json } from "./json.ts";
import { elementText } from "./path.ts";
import {
  fieldSchema,
  itemElement,
  type ListSchema,
  type MapSchema,
  type ScalarSchema,
  type Schema,
  shapeOf,
} from "./schema.ts";

export interface Objection {
  /** Such as `.spec.ports`. */
  readonly path: string;
  readonly message: string;
}

export interface ValidationOptions {
  /**
   * Whether items of one list may be the same: they may in an object that lies there, for somebody has to be able to
   * put it right. @default {false}
   */
  readonly allowDuplicates?: boolean;
}

/** What is wrong with a value; nothing is the empty list. Null is allowed everywhere: it means absence. */
export function objectionsTo(schema: Schema, value: Json, options: ValidationOptions = {}): Objection[] {
  return [...check(schema, value, "", options)];
}

/** As the API server puts it. */
export function objectionText(objections: readonly Objection[]): string {
  const all = objections.map(({ path, message }) => `${path}: ${message}`);
  return all.length === 1 ? all[0]! : ["errors:", ...all.map((one) => `  ${one}`)].join("\n");
}

function* check(schema: Schema, value: Json, path: string, options: ValidationOptions): Generator<Objection> {
  if (value === null) return;
  const shape = shapeOf(schema, value)!;
  if (shape.kind === "map") return yield* checkMap(shape, value, path, options);
  if (shape.kind === "list") return yield* checkList(shape, value, path, options);
  if (!isScalar(shape.type, value)) {
    yield { path, message: `expected ${wanted(shape.type)}, got ${brief(value)}` };
  }
}

function* checkMap(
  map: MapSchema,
  value: Json,
  path: string,
  options: ValidationOptions,
): Generator<Objection> {
  if (!isMap(value)) return yield { path, message: `expected map, got ${brief(value)}` };
  for (const [name, field] of Object.entries(value)) {
    const below = `${path}.${name}`;
    if (!map.fields.has(name) && map.rest === undefined) {
      yield { path: below, message: "field not declared in schema" };
    } else yield* check(fieldSchema(map, name), field, below, options);
  }
}

function* checkList(
  list: ListSchema,
  value: Json,
  path: string,
  options: ValidationOptions,
): Generator<Objection> {
  if (!isList(value)) return yield { path, message: `expected list, got ${brief(value)}` };
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    if (list.type === "atomic") {
      yield* check(list.items, item, `${path}[${index}]`, options);
      continue;
    }
    const wrong = objectionToItem(list, item);
    if (wrong !== undefined) {
      yield { path, message: `element ${index}: ${wrong}` };
      continue;
    }
    const element = itemElement(list, item);
    if (seen.has(element.id) && options.allowDuplicates !== true) {
      yield { path, message: `duplicate entries for key ${elementText(element)}` };
    }
    seen.add(element.id);
    yield* check(list.items, item, `${path}${elementText(element)}`, options);
  }
}

function objectionToItem(list: ListSchema, item: Json): string | undefined {
  if (list.type === "set") {
    if (item === null) return "associative list without keys has an element that's an explicit null";
    if (isList(item)) return "not supported: associative list with lists as elements";
    return isMap(item) ? "associative list without keys has an element that's a map type" : undefined;
  }
  if (item === null) return "associative list with keys may not have a null element";
  if (!isMap(item)) return "associative list with keys may not have non-map elements";
  if (list.keys.some((key) => Object.hasOwn(item, key))) return undefined;
  const keys = list.keys.map((key) => JSON.stringify(key)).join(" ");
  return `associative list with keys has an element that omits all key fields [${keys}] (and doesn't have default values for any key fields)`;
}

function isScalar(type: ScalarSchema["type"], value: Json): boolean {
  const found = typeof value;
  return type === "any" ? found !== "object" : found === type;
}

function wanted(type: ScalarSchema["type"]): string {
  return type === "number" ? "numeric (int or float)" : type === "any" ? "scalar" : type;
}

function brief(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
