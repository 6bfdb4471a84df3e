/** From the kinds that are served to the schemas that merging needs. */
import { metaDefinitions } from "../../../api/kubernetes/meta_definitions.ts";
import { metaRef, REF, type Schema as OpenApiSchema, schemaOf } from "../../serving/openapi/schema.ts";
import type { ResourceDefinition } from "../../serving/storage.ts";
import { isMap } from "./json.ts";
import {
  type ListSchema,
  type MapSchema,
  SCALAR,
  type ScalarSchema,
  type Schema,
  UNTYPED,
} from "./schema.ts";

const TEXT: ScalarSchema = { kind: "scalar", type: "string" };
const SCALAR_TYPES: Readonly<Record<string, ScalarSchema>> = {
  string: TEXT,
  integer: { kind: "scalar", type: "number" },
  number: { kind: "scalar", type: "number" },
  boolean: { kind: "scalar", type: "boolean" },
};

/** The whole object of a kind: its own fields, and those that every object has. */
export function objectSchema({ schema }: Pick<ResourceDefinition, "schema">): Schema {
  const own = Object.entries(schema).map(([name, type]) => [name, fromOpenApi(schemaOf(type))] as const);
  return {
    kind: "map",
    isAtomic: false,
    fields: new Map<string, Schema>([
      ["apiVersion", TEXT],
      ["kind", TEXT],
      ["metadata", fromOpenApi(metaRef("ObjectMeta"))],
      ...own,
    ]),
  };
}

/** Of a schema as OpenAPI has it. References lead to the structures that all of Kubernetes shares. */
export function fromOpenApi(source: OpenApiSchema): Schema {
  const { $ref, ...beside } = source;
  if (typeof $ref === "string") {
    const definition = metaDefinitions[$ref.slice(REF.length)];
    // What stands beside a reference counts more, as where it says that this one is atomic.
    if (definition !== undefined) return fromOpenApi({ ...definition, ...beside });
  }
  const one = onlyAlternative(source);
  if (one !== undefined) return fromOpenApi({ ...one, ...withoutAlternatives(source) });
  if (source["x-kubernetes-int-or-string"] === true) return SCALAR;
  const { type } = source;
  if (type === "array") return listSchema(source);
  if (type === "object" || isMap(source["properties"])) return mapSchema(source);
  return typeof type === "string" ? SCALAR_TYPES[type] ?? UNTYPED : UNTYPED;
}

function mapSchema(source: OpenApiSchema): MapSchema {
  const { properties, additionalProperties: values } = source;
  const fields = isMap(properties)
    ? Object.entries(properties).map(([name, field]) => [name, fromOpenApi(field as OpenApiSchema)] as const)
    : [];
  const isOpen = fields.length === 0 || source["x-kubernetes-preserve-unknown-fields"] === true;
  const rest = isMap(values) ? fromOpenApi(values as OpenApiSchema) : isOpen ? UNTYPED : undefined;
  return {
    kind: "map",
    isAtomic: source["x-kubernetes-map-type"] === "atomic",
    fields: new Map(fields),
    ...(rest === undefined ? {} : { rest }),
  };
}

function listSchema(source: OpenApiSchema): ListSchema {
  const { items, "x-kubernetes-list-type": type, "x-kubernetes-list-map-keys": keys } = source;
  return {
    kind: "list",
    type: type === "set" || type === "map" ? type : "atomic",
    keys: type === "map" && Array.isArray(keys) ? keys : [],
    items: isMap(items) ? fromOpenApi(items as OpenApiSchema) : UNTYPED,
  };
}

/** The one alternative that is not null: how a schema says that null is allowed. */
function onlyAlternative({ anyOf, oneOf }: OpenApiSchema): OpenApiSchema | undefined {
  const all = (Array.isArray(anyOf) ? anyOf : Array.isArray(oneOf) ? oneOf : [])
    .filter((one) => isMap(one) && one["type"] !== "null" && !isNullOnly(one));
  return all.length === 1 ? all[0] as OpenApiSchema : undefined;
}

/** As version 3.0 of OpenAPI says it. */
function isNullOnly({ enum: values }: OpenApiSchema): boolean {
  return Array.isArray(values) && values.length === 1 && values[0] === null;
}

function withoutAlternatives({ anyOf: _any, oneOf: _one, ...rest }: OpenApiSchema): OpenApiSchema {
  return rest;
}
