/** What a kind's values are made of, as far as ownership and merging are concerned. */
import { isList, isMap, type Json, type JsonMap } from "./json.ts";
import { keyElement, type PathElement, pickFields, valueElement } from "./path.ts";

/** A structure, or a map of any keys. */
export interface MapSchema {
  readonly kind: "map";
  /** Owned and replaced as a whole. */
  readonly isAtomic: boolean;
  readonly fields: ReadonlyMap<string, Schema>;
  /** What keys that are no fields have; absent: there must be no such key. */
  readonly rest?: Schema;
}

export interface ListSchema {
  readonly kind: "list";
  /** As a whole; as a set of values; as a map by the `keys` of its items. */
  readonly type: "atomic" | "set" | "map";
  /** @default none but for maps */
  readonly keys: readonly string[];
  readonly items: Schema;
}

export interface ScalarSchema {
  readonly kind: "scalar";
  readonly type: "string" | "number" | "boolean" | "any";
}

/** Nothing is known: maps are merged, lists are taken as a whole. */
export interface UntypedSchema {
  readonly kind: "untyped";
}

export type Schema = MapSchema | ListSchema | ScalarSchema | UntypedSchema;
/** What a value turned out to be. */
export type Shape = Exclude<Schema, UntypedSchema>;

export const UNTYPED: UntypedSchema = { kind: "untyped" };
export const SCALAR: ScalarSchema = { kind: "scalar", type: "any" };
const UNTYPED_MAP: MapSchema = { kind: "map", isAtomic: false, fields: new Map(), rest: UNTYPED };
const UNTYPED_LIST: ListSchema = { kind: "list", type: "atomic", keys: [], items: UNTYPED };

/** What the schema says of a value; of an untyped one, what it looks like. Undefined where it may be anything. */
export function shapeOf(schema: Schema, value: Json | undefined): Shape | undefined {
  if (schema.kind !== "untyped") return schema;
  if (value === undefined || value === null) return undefined;
  return isList(value) ? UNTYPED_LIST : isMap(value) ? UNTYPED_MAP : SCALAR;
}

/** As what two values are to be compared or merged: as one thing, or, where they differ, as the one and the other. */
export function shapesOf(schema: Schema, left: Json | undefined, right: Json | undefined): readonly Shape[] {
  const [one, other] = [shapeOf(schema, left), shapeOf(schema, right)];
  if (one === undefined || one === other) return [other ?? SCALAR];
  return other === undefined ? [one] : [one, other];
}

/** Of the value of a key. */
export function fieldSchema(map: MapSchema, name: string): Schema {
  return map.fields.get(name) ?? map.rest ?? UNTYPED;
}

/** Of what a path element leads to. */
export function schemaBelow(schema: Schema, element: PathElement): Schema {
  if (element.kind === "field" && schema.kind === "map") return fieldSchema(schema, element.name);
  if (element.kind === "key" && schema.kind === "list") return schema.items;
  return UNTYPED;
}

/** The path element of an item of a list that is no atomic one. */
export function itemElement(list: ListSchema, item: Json): PathElement {
  return list.type === "map"
    ? keyElement(pickFields(isMap(item) ? item : {}, list.keys))
    : valueElement(item);
}

/** Whether the value is owned and replaced as a whole. */
export function isWhole(shape: Shape): boolean {
  return shape.kind === "scalar" || (shape.kind === "map" ? shape.isAtomic : shape.type === "atomic");
}

/** The map, unless it is none. */
export function asMap(value: Json | undefined): JsonMap | undefined {
  return isMap(value) ? value : undefined;
}

/** The list, unless it is none. */
export function asList(value: Json | undefined): readonly Json[] | undefined {
  return isList(value) ? value : undefined;
}

/** Whether there is nothing in it: absent, null, empty. Of maps and lists alone. */
export function isBarren(shape: Shape, value: Json | undefined): boolean {
  if (shape.kind === "map") return Object.keys(asMap(value) ?? {}).length === 0;
  return (asList(value)?.length ?? 0) === 0;
}
