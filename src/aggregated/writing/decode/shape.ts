/** The form of a kind's objects, made of its zod schemas and of what all of Kubernetes shares: the one that writes are checked against. */
import { z } from "zod";
import { metaDefinitions } from "../../../api/kubernetes/meta_definitions.ts";
import { REF, type Schema, schemaOf } from "../../serving/openapi/schema.ts";
import type { ResourceDefinition } from "../../serving/storage.ts";
import { isJsonObject, type Json } from "./json_value.ts";

export type ShapeType = "object" | "map" | "list" | "string" | "integer" | "number" | "boolean" | "any";

/** What a value must be. */
export interface Shape {
  readonly type: ShapeType;
  /** Null is a value, not the absence of one. */
  readonly nullable: boolean;
  /** A structure of Kubernetes itself, such as `ObjectMeta`. */
  readonly isShared: boolean;
  /** Of an object. */
  readonly fields: ReadonlyMap<string, Shape>;
  /** Of an object: fields that must be there. */
  readonly required: readonly string[];
  /** Of a map or list. */
  readonly items?: Shape;
  /** A whole number or a text. */
  readonly isIntOrString: boolean;
  /** Of a list: its items are told from each other by these fields. */
  readonly mapKeys: readonly string[];
  /** Of a list: no item may be there twice. */
  readonly isSet: boolean;
  /** How a strategic merge patch joins a list with what is there: `merge`, by this field where items are objects. */
  readonly patch?: { readonly strategy: string; readonly mergeKey?: string };
  /** What is stored where nothing is said. */
  readonly storedDefault?: Json;
  readonly format?: string;
  readonly enum?: readonly Json[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
}

const META = `${REF}io.k8s.apimachinery.pkg.apis.meta.v1.`;
const known = new WeakMap<object, Shape>();
const shared = new Map<string, Shape>();

/** Objects of a kind. The same definition gives the same shape. */
export function shapeOf({ schema }: Pick<ResourceDefinition, "schema">): Shape {
  const before = known.get(schema);
  if (before !== undefined) return before;
  const { properties, required } = schemaOf(z.object(schema)) as Schema & { properties: Schema };
  const shape = convert({
    type: "object",
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { $ref: `${META}ObjectMeta` },
      ...properties,
    },
    // A status is what a server says: nobody has to send one.
    required: ((required ?? []) as string[]).filter((name) => name !== "status"),
  });
  known.set(schema, shape);
  return shape;
}

/** A structure of `meta/v1`, such as `DeleteOptions`. */
export function sharedShape(name: string): Shape {
  return convert({ $ref: `${META}${name}` });
}

function convert(schema: Schema, isShared = false): Shape {
  const { $ref, ...own } = schema;
  if (typeof $ref === "string") return { ...sharedOf($ref.slice(REF.length)), ...limits(own) };
  const { properties, additionalProperties, items, required } = schema;
  const below = isJsonObject(items)
    ? items
    : isJsonObject(additionalProperties) && properties === undefined
    ? additionalProperties
    : undefined;
  return {
    type: typeOf(schema),
    nullable: schema["nullable"] === true,
    isShared,
    fields: new Map(
      Object.entries((properties ?? {}) as Record<string, Schema>)
        .map(([name, child]) => [name, convert(child, isShared)]),
    ),
    required: (required ?? []) as string[],
    ...(below === undefined ? {} : { items: convert(below, isShared) }),
    isIntOrString: schema["x-kubernetes-int-or-string"] === true,
    mapKeys: [],
    isSet: false,
    ...limits(schema),
  };
}

function sharedOf(name: string): Shape {
  const before = shared.get(name);
  if (before !== undefined) return before;
  const shape = convert(metaDefinitions[name] as Schema, true);
  shared.set(name, shape);
  return shape;
}

function typeOf(schema: Schema): ShapeType {
  const { type, properties, additionalProperties, "x-kubernetes-int-or-string": isIntOrString } = schema;
  if (isIntOrString === true || type === undefined) return "any";
  if (type === "array") return "list";
  if (type !== "object") return type as ShapeType;
  if (properties !== undefined) return "object";
  return isJsonObject(additionalProperties) ? "map" : "any";
}

const COPIED = [
  "format",
  "enum",
  "pattern",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "minProperties",
  "maxProperties",
] as const;

/** What a schema says beside its type; also what may stand beside a reference. */
function limits(schema: Schema): Partial<Shape> {
  const { default: storedDefault, "x-kubernetes-list-type": listType } = schema;
  const keys = listType === "map" ? schema["x-kubernetes-list-map-keys"] as readonly string[] : undefined;
  const mergeKey = schema["x-kubernetes-patch-merge-key"] ?? (keys?.length === 1 ? keys[0] : undefined);
  const strategy = schema["x-kubernetes-patch-strategy"] ?? (mergeKey === undefined ? undefined : "merge");
  return {
    ...Object.fromEntries(COPIED.filter((name) => name in schema).map((name) => [name, schema[name]])),
    ...(storedDefault === undefined ? {} : { storedDefault: storedDefault as Json }),
    ...(keys === undefined ? {} : { mapKeys: keys }),
    ...(listType === "set" ? { isSet: true } : {}),
    ...(typeof strategy === "string"
      ? { patch: { strategy, ...(typeof mergeKey === "string" ? { mergeKey } : {}) } }
      : {}),
  };
}
