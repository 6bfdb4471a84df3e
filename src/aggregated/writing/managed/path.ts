/** Where in an object something is: the elements of paths, and how `FieldsV1` and messages write them. */
import { compareText, goJson, isMap, type Json, type JsonMap, mapOf } from "./json.ts";

/** One step down. `id` is how `FieldsV1` writes it; equal elements have equal ones. */
export type PathElement =
  /** A field of a structure, or a key of a map. */
  | { readonly kind: "field"; readonly id: string; readonly name: string }
  /** An item of a list, by the fields that identify it. */
  | { readonly kind: "key"; readonly id: string; readonly fields: JsonMap }
  /** An item of a list whose items are values, each there once. */
  | { readonly kind: "value"; readonly id: string; readonly value: Json }
  /** An item of a list by where it stands. Read and kept; never made here. */
  | { readonly kind: "index"; readonly id: string; readonly index: number };

export type Path = readonly PathElement[];

const RANK = { field: 0, key: 1, value: 2, index: 3 } as const;

export function fieldElement(name: string): PathElement {
  return { kind: "field", id: `f:${name}`, name };
}

export function keyElement(fields: JsonMap): PathElement {
  return { kind: "key", id: `k:${goJson(fields)}`, fields };
}

export function valueElement(value: Json): PathElement {
  return { kind: "value", id: `v:${goJson(value)}`, value };
}

export function indexElement(index: number): PathElement {
  return { kind: "index", id: `i:${index}`, index };
}

/** A path of names alone. */
export function fieldPath(...names: readonly string[]): Path {
  return names.map(fieldElement);
}

/**
 * Reads an element; undefined for one of a kind that is not known, which is to be passed over.
 *
 * @throws {SyntaxError} for what is no element
 */
export function parseElement(text: string): PathElement | undefined {
  if (text.length < 2) {
    throw new SyntaxError(`a path element has two characters at least, not ${quoted(text)}`);
  }
  if (text[1] !== ":") throw new SyntaxError(`a path element has a colon, which ${quoted(text)} has not`);
  const rest = text.slice(2);
  switch (text[0]) {
    case "f":
      return fieldElement(rest);
    case "v":
      return valueElement(JSON.parse(rest));
    case "k": {
      const fields: unknown = JSON.parse(rest);
      if (!isMap(fields)) throw new SyntaxError(`the key of a list item is an object, not ${rest}`);
      return keyElement(fields);
    }
    case "i": {
      if (!/^-?\d+$/.test(rest)) throw new SyntaxError(`an index is a number, not ${quoted(rest)}`);
      return indexElement(Number(rest));
    }
    default:
      return undefined;
  }
}

/** The order in which elements are written and told: fields, keys, values, indexes; each by what it is. */
export function compareElements(left: PathElement, right: PathElement): number {
  if (left.id === right.id) return 0;
  if (left.kind === "field" && right.kind === "field") return compareText(left.name, right.name);
  if (left.kind === "key" && right.kind === "key") return compareFields(left.fields, right.fields);
  if (left.kind === "value" && right.kind === "value") return compareValues(left.value, right.value);
  if (left.kind === "index" && right.kind === "index") return left.index - right.index;
  return RANK[left.kind] - RANK[right.kind];
}

/** As messages have it: `.spec.ports[port=80,protocol="TCP"].name`. */
export function pathText(path: Path): string {
  return path.map(elementText).join("");
}

/** As {@linkcode pathText}, for one element. */
export function elementText(element: PathElement): string {
  switch (element.kind) {
    case "field":
      return `.${element.name}`;
    case "key":
      return `[${
        sortedFields(element.fields).map(([name, value]) => `${name}=${valueText(value)}`).join(",")
      }]`;
    case "value":
      return `[=${valueText(element.value)}]`;
    case "index":
      return `[${element.index}]`;
  }
}

function valueText(value: Json): string {
  return JSON.stringify(value);
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function sortedFields(fields: JsonMap): (readonly [string, Json])[] {
  return Object.entries(fields).sort(([left], [right]) => compareText(left, right));
}

function compareFields(left: JsonMap, right: JsonMap): number {
  const [others, own] = [sortedFields(right), sortedFields(left)];
  for (const [at, [name, value]] of own.entries()) {
    const other = others[at];
    if (other === undefined) return 1;
    const order = compareText(name, other[0]) || compareValues(value, other[1]);
    if (order !== 0) return order;
  }
  return own.length - others.length;
}

function compareValues(left: Json, right: Json): number {
  if (typeof left === "number" && typeof right === "number") return left - right;
  if (typeof left === "string" && typeof right === "string") return compareText(left, right);
  return typeRank(left) - typeRank(right) || compareText(goJson(left), goJson(right));
}

function typeRank(value: Json): number {
  if (typeof value === "number") return 0;
  if (typeof value === "string") return 1;
  if (typeof value === "boolean") return 2;
  if (Array.isArray(value)) return 3;
  return isMap(value) ? 4 : 5;
}

/** The fields of an object that are given, of those named. */
export function pickFields(object: JsonMap, names: readonly string[]): JsonMap {
  return mapOf(
    names.filter((name) => Object.hasOwn(object, name)).map((name) => [name, object[name]!] as const),
  );
}
