/** The reduced OpenAPI document: its shape, how it is read, and how a definition gets its short name. */
import { EXTRACT_PATH, RENAMED } from "./kinds.ts";

/** A schema as the Kubernetes OpenAPI v2 document writes it. */
export interface Schema {
  $ref?: string;
  type?: string;
  format?: string;
  description?: string;
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema;
  default?: unknown;
  "x-kubernetes-list-type"?: "map" | "set" | "atomic";
  "x-kubernetes-list-map-keys"?: string[];
  "x-kubernetes-map-type"?: "atomic" | "granular";
  "x-kubernetes-patch-merge-key"?: string;
  "x-kubernetes-patch-strategy"?: string;
  "x-kubernetes-group-version-kind"?: { group: string; version: string; kind: string }[];
}

/** How a kind is addressed, taken from the document's paths. */
export interface Resource {
  definition: string;
  group: string;
  version: string;
  kind: string;
  /** Absent for kinds without a collection of their own. */
  plural?: string;
  namespaced?: boolean;
}

/** The file at {@linkcode EXTRACT_PATH}. */
export interface Extract {
  source: {
    module: string;
    version: string;
    path: string; /** The Go checksum of the module. */
    sum: string;
  };
  resources: Resource[];
  definitions: Record<string, Schema>;
}

const REF = "#/definitions/";

/** Reads the reduced document from the repository. */
export async function readExtract(root: string): Promise<Extract> {
  return JSON.parse(await Deno.readTextFile(`${root}/${EXTRACT_PATH}`));
}

/** The definition that a `$ref` names. */
export function refTarget(schema: Schema): string | undefined {
  return schema.$ref?.startsWith(REF) ? schema.$ref.slice(REF.length) : undefined;
}

/** The definition, or an error that says which one is missing and how to get it. */
export function definitionOf(extract: Pick<Extract, "definitions">, name: string): Schema {
  const found = extract.definitions[name];
  if (found === undefined) {
    throw new Error(`${EXTRACT_PATH} has no definition ${name}: run "deno task generate --refresh-openapi"`);
  }
  return found;
}

/** The schemas directly below one: properties, items, map values. */
export function childrenOf(schema: Schema): Schema[] {
  return [
    ...Object.values(schema.properties ?? {}),
    ...(schema.items === undefined ? [] : [schema.items]),
    ...(schema.additionalProperties === undefined ? [] : [schema.additionalProperties]),
  ];
}

/** The names of all definitions reachable from `roots`, the roots included, sorted. */
export function reachable(definitions: Readonly<Record<string, Schema>>, roots: readonly string[]): string[] {
  const seen = new Set<string>();
  const visit = (schema: Schema): void => {
    const target = refTarget(schema);
    if (target !== undefined) add(target);
    childrenOf(schema).forEach(visit);
  };
  const add = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    visit(definitionOf({ definitions }, name));
  };
  roots.forEach(add);
  return [...seen].sort();
}

/** `Deployment` for `io.k8s.api.apps.v1.Deployment`. */
export function shortName(definition: string): string {
  return RENAMED[definition] ?? definition.slice(definition.lastIndexOf(".") + 1);
}

/** Short names of all given definitions; two that would share one are an error. */
export function shortNames(definitions: readonly string[]): Map<string, string> {
  const owner = new Map<string, string>();
  for (const definition of definitions) {
    const name = shortName(definition);
    const other = owner.get(name);
    if (other !== undefined) {
      throw new Error(`${definition} and ${other} are both called ${name}: add one to RENAMED`);
    }
    owner.set(name, definition);
  }
  return new Map([...owner].map(([name, definition]) => [definition, name]));
}
