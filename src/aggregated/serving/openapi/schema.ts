/** From zod schemas to the schemas of OpenAPI documents. */
import { z } from "zod";
import type { GeneratorKeys } from "../../../api/field.ts";
import { metaDefinitions } from "../../../api/kubernetes/meta_definitions.ts";

/** A schema as OpenAPI has it, references as in version 2. */
export type Schema = { [key: string]: unknown };

export const REF = "#/definitions/";
const META = "io.k8s.apimachinery.pkg.apis.meta.v1.";

/** A reference to a structure that all of Kubernetes shares, such as `ObjectMeta`. */
export function metaRef(name: string): Schema {
  const definition = `${META}${name}`;
  if (!Object.hasOwn(metaDefinitions, definition)) {
    throw new Error(
      `${name} is not in META_DEFINITIONS of scripts/generate/kubernetes/kinds.ts: add it there`,
    );
  }
  return { $ref: `${REF}${definition}` };
}

/** The schema of what may be sent; descriptions, list types and the like come from zod's metadata. */
export function schemaOf(type: z.ZodType): Schema {
  return convert(
    z.toJSONSchema(type, { io: "input", unrepresentable: "any", target: "openapi-3.0" }) as Schema,
  );
}

function convert(json: Schema): Schema {
  const { storedDefault, kubernetes, overlay: _overlay, brief: _brief, ...own } = json as
    & Schema
    & GeneratorKeys;
  // Defaults of zod are those of reading; what a server stores is said apart.
  const { default: _read, additionalProperties, properties, items, anyOf, ...rest } = own as Schema;
  const result: Schema = { ...(kubernetes === undefined ? {} : metaRef(kubernetes)), ...rest };
  if (isObject(properties)) {
    const converted = Object.entries(properties).map(([name, child]) =>
      [name, convert(child as Schema)] as const
    );
    result["properties"] = Object.fromEntries(converted);
  }
  if (items !== undefined) result["items"] = convert(items as Schema);
  if (isObject(additionalProperties) && properties === undefined) {
    result["additionalProperties"] = convert(additionalProperties);
  }
  if (Array.isArray(anyOf)) result["anyOf"] = anyOf.map((child) => convert(child as Schema));
  if (storedDefault !== undefined) result["default"] = storedDefault;
  return result;
}

/** What version 2 cannot say, taken out. */
export function withoutVersion3(schema: Schema): Schema {
  const { nullable, anyOf: _anyOf, "x-kubernetes-validations": _rules, ...rest } = schema;
  const result: Schema = { ...rest };
  // No type allows null there: with one, clients that check would refuse it.
  if (nullable === true) delete result["type"];
  // Names of fields are no keywords.
  if (isObject(rest["properties"])) result["properties"] = mapSchemas(rest["properties"], withoutVersion3);
  for (const key of ["items", "additionalProperties"]) {
    const below = rest[key];
    if (isObject(below)) result[key] = withoutVersion3(below);
  }
  return result;
}

/** The same schema with the references of version 3. */
export function asVersion3(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asVersion3);
  if (!isObject(value)) return value;
  const { $ref, ...rest } = value;
  if (typeof $ref !== "string") return mapValues(value, asVersion3);
  const reference = { $ref: $ref.replace(REF, "#/components/schemas/") };
  // In version 3 nothing may stand beside a reference.
  return Object.keys(rest).length === 0 ? reference : { allOf: [reference], ...mapValues(rest, asVersion3) };
}

export function mapSchemas(schemas: Schema, map: (schema: Schema) => Schema): Schema {
  return mapValues(schemas, (child) => isObject(child) ? map(child) : child);
}

function mapValues(value: Schema, map: (child: unknown) => unknown): Schema {
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, map(child)]));
}

function isObject(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
