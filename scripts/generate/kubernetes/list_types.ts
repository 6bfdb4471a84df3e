/** Writes `src/api/kubernetes/list_types.ts`: how server-side apply merges the kinds that the product applies. */
import { definitionOf, type Extract, refTarget, type Schema, shortName } from "./document.ts";
import { APPLIED_KINDS } from "./kinds.ts";
import { banner } from "./types.ts";

/** How the API server merges a list. */
export type ListType = { type: "map"; keys: string[] } | { type: "set" } | { type: "atomic" };

/** What is special about the fields of one kind. Keys are paths. */
export interface KindFields {
  lists: Record<string, ListType>;
  atomicMaps: string[];
  quantities: string[];
  intOrStrings: string[];
}

/** The whole file. */
export function generateListTypes(extract: Extract): string {
  const tables = APPLIED_KINDS.map((definition) => {
    const resource = extract.resources.find((candidate) => candidate.definition === definition);
    if (resource === undefined) throw new Error(`${definition} is applied but not extracted`);
    const apiVersion = resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
    return { key: `${apiVersion}/${resource.kind}`, fields: fieldsOf(extract, definition) };
  }).sort((a, b) => (a.key < b.key ? -1 : 1));
  const table = (pick: (fields: KindFields) => string) =>
    tables.map(({ key, fields }) => `  ${JSON.stringify(key)}: ${pick(fields)},`).join("\n");
  const sets = (pick: (fields: KindFields) => string[]) =>
    table((fields) => {
      const paths = pick(fields);
      return paths.length === 0
        ? "new Set()"
        : `new Set([\n${lines(paths.map((path) => JSON.stringify(path)))}\n  ])`;
    });
  return `${banner(extract)}/**
 * How server-side apply treats the fields of the kinds that the product applies. Every table is keyed by
 * \`<apiVersion>/<kind>\`. A path is field names with dots between them; list items add nothing to it, and \`*\` stands for
 * any key of a map: \`spec.template.spec.containers.env\`, \`spec.template.spec.containers.resources.limits.*\`.
 */

/** How the API server merges a list: by the given keys, as a set, or as one value. */
export type ListType = { type: "map"; keys: readonly string[] } | { type: "set" } | { type: "atomic" };

/** Every list of each kind. */
export const listTypes: Readonly<Record<string, Readonly<Record<string, ListType>>>> = {
${
    table((fields) =>
      `{\n${
        lines(
          Object.entries(fields.lists).map(([path, type]) => `${JSON.stringify(path)}: ${typeText(type)}`),
        )
      }\n  }`
    )
  }
};

/** Maps and structures that are one value: a change to one key replaces all. */
export const atomicMapPaths: Readonly<Record<string, ReadonlySet<string>>> = {
${sets((fields) => fields.atomicMaps)}
};

/** Quantities: \`1\`, \`"1"\` and \`"1000m"\` are equal. */
export const quantityPaths: Readonly<Record<string, ReadonlySet<string>>> = {
${sets((fields) => fields.quantities)}
};

/** Fields that hold a number or a string. */
export const intOrStringPaths: Readonly<Record<string, ReadonlySet<string>>> = {
${sets((fields) => fields.intOrStrings)}
};
`;
}

/** What is special about a kind's fields. A structure that contains itself is followed once. */
export function fieldsOf(extract: Extract, definition: string): KindFields {
  const fields: KindFields = { lists: {}, atomicMaps: [], quantities: [], intOrStrings: [] };
  walk(extract, { $ref: `#/definitions/${definition}` }, "", [], fields);
  return fields;
}

function walk(
  extract: Extract,
  schema: Schema,
  path: string,
  above: readonly string[],
  out: KindFields,
): void {
  const target = refTarget(schema);
  if (target !== undefined) {
    if (above.includes(target)) return;
    const name = shortName(target);
    if (name === "Quantity") out.quantities.push(path);
    if (name === "IntOrString") out.intOrStrings.push(path);
    const resolved = definitionOf(extract, target);
    // List and map types of the referring field win over those of the definition.
    walk(extract, { ...resolved, ...annotations(schema) }, path, [...above, target], out);
    return;
  }
  if (schema["x-kubernetes-map-type"] === "atomic") out.atomicMaps.push(path);
  const join = (name: string) => (path === "" ? name : `${path}.${name}`);
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    walk(extract, child, join(name), above, out);
  }
  if (schema.additionalProperties !== undefined) {
    walk(extract, schema.additionalProperties, join("*"), above, out);
  }
  if (schema.type === "array" && schema.items !== undefined) {
    out.lists[path] = listType(schema);
    walk(extract, schema.items, path, above, out);
  }
}

function annotations(schema: Schema): Schema {
  const mapType = schema["x-kubernetes-map-type"];
  return mapType === undefined ? {} : { "x-kubernetes-map-type": mapType };
}

function listType(schema: Schema): ListType {
  const type = schema["x-kubernetes-list-type"];
  if (type === "map") return { type, keys: schema["x-kubernetes-list-map-keys"] ?? [] };
  return type === "set" ? { type } : { type: "atomic" };
}

function typeText(type: ListType): string {
  return type.type === "map"
    ? `{ type: "map", keys: [${type.keys.map((key) => JSON.stringify(key)).join(", ")}] }`
    : `{ type: ${JSON.stringify(type.type)} }`;
}

function lines(texts: string[]): string {
  return texts.map((text) => `    ${text},`).join("\n");
}
