/** Writes `src/api/kubernetes/schemas.ts`: zod schemas of what our own resources embed. */
import { definitionOf, type Extract, reachable, refTarget, type Schema, shortName } from "./document.ts";
import { EMBEDDED } from "./kinds.ts";
import { banner } from "./types.ts";

/** Definitions that are not objects. */
const LEAVES: Readonly<Record<string, string>> = {
  IntOrString: "z.union([z.number(), z.string()])",
  MicroTime: "z.string()",
  Quantity: "z.union([z.string(), z.number()])",
  Time: "z.string()",
};

/** The whole file. */
export function generateSchemas(extract: Extract): string {
  const definitions = reachable(extract.definitions, EMBEDDED);
  rejectCycles(extract, definitions);
  const names = definitions.map((definition) => ({ definition, name: shortName(definition) }))
    .filter(({ name }) => LEAVES[name] === undefined)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const builders = names.map(({ definition, name }) =>
    `  ${name}: () => ${objectText(definitionOf(extract, definition))},`
  );
  return `${banner(extract)}/**
 * Zod schemas of the Kubernetes structures that our resources embed. They check types and required fields, and let
 * unknown fields pass, so that objects made for a newer Kubernetes stay readable. Each is built when first asked for.
 */
import { z } from "zod";
import type * as types from "./types.ts";

/** The structures that have a schema. */
export interface Embedded {
${names.map(({ name }) => `  ${name}: types.${name};`).join("\n")}
}

const built = new Map<keyof Embedded, z.ZodType>();

/** The schema of one structure. */
export function schemaOf<K extends keyof Embedded>(name: K): z.ZodType<Embedded[K]> {
  let schema = built.get(name);
  if (schema === undefined) built.set(name, schema = builders[name]());
  return schema as z.ZodType<Embedded[K]>;
}

const builders: { readonly [K in keyof Embedded]: () => z.ZodType } = {
${builders.join("\n")}
};
`;
}

/** The builders call each other while building, which never ends for a structure that contains itself. */
function rejectCycles(extract: Extract, definitions: readonly string[]): void {
  for (const definition of definitions) {
    const schema = definitionOf(extract, definition);
    const below = reachable(extract.definitions, targetsBelow(schema));
    if (below.includes(definition)) throw new Error(`${definition} contains itself and cannot be embedded`);
  }
}

function targetsBelow(schema: Schema): string[] {
  const target = refTarget(schema);
  if (target !== undefined) return [target];
  const children = [...Object.values(schema.properties ?? {}), schema.items, schema.additionalProperties];
  return children.flatMap((child) => (child === undefined ? [] : targetsBelow(child)));
}

function objectText(schema: Schema): string {
  if (schema.properties === undefined) return "z.looseObject({})";
  const fields = Object.entries(schema.properties).map(([field, value]) => {
    const text = valueText(value);
    return `    ${field}: ${schema.required?.includes(field) ? text : `z.exactOptional(${text})`},`;
  });
  return `z.looseObject({\n${fields.join("\n")}\n  })`;
}

function valueText(schema: Schema): string {
  const target = refTarget(schema);
  if (target !== undefined) {
    const name = shortName(target);
    return LEAVES[name] ?? `schemaOf(${JSON.stringify(name)})`;
  }
  switch (schema.type) {
    case "string":
      return "z.string()";
    case "integer":
    case "number":
      return "z.number()";
    case "boolean":
      return "z.boolean()";
    case "array":
      return `z.array(${schema.items === undefined ? "z.unknown()" : valueText(schema.items)})`;
    case "object":
      return schema.additionalProperties === undefined
        ? "z.looseObject({})"
        : `z.record(z.string(), ${valueText(schema.additionalProperties)})`;
    default:
      return "z.unknown()";
  }
}
