/** Reduces the full OpenAPI documents to what the product needs. Runs only on `--refresh-openapi`. */
import { type Extract, reachable, type Resource, type Schema } from "./document.ts";
import { EXTRACT_PATH, PIN, UNRESOLVED_DEFAULTS, WANTED_KINDS } from "./kinds.ts";

interface Operation {
  "x-kubernetes-group-version-kind"?: { group: string; version: string; kind: string };
}

/** The parts of the Kubernetes OpenAPI v2 document that are read here. */
export interface FullDocument {
  definitions: Record<string, Schema>;
  paths: Record<string, Record<string, Operation>>;
}

/** The parts of one OpenAPI v3 document that are read here. Version 2 leaves defaults out. */
export interface DefaultsDocument {
  components?: { schemas?: Record<string, Schema> };
}

/** Where a Go module lies on this machine. */
export interface DownloadedModule {
  directory: string;
  /** Its Go checksum. */
  sum: string;
}

/** Fetches the pinned module through the Go tool chain and writes the reduced document. */
export async function refreshExtract(
  root: string,
  download: (module: string) => Promise<DownloadedModule> = downloadModule,
): Promise<void> {
  const { directory, sum } = await download(`${PIN.module}@${PIN.version}`);
  const parse = async (path: string) => JSON.parse(await Deno.readTextFile(`${directory}/${path}`));
  const files = [...Deno.readDirSync(`${directory}/${PIN.defaults}`)].map((entry) => entry.name).sort();
  const defaults = await Promise.all(
    files.filter((name) => name.endsWith(".json")).map((name) => parse(`${PIN.defaults}/${name}`)),
  );
  const extract = reduce(await parse(PIN.path), defaults, sum);
  await Deno.writeTextFile(`${root}/${EXTRACT_PATH}`, formatExtract(extract));
}

/** The wanted kinds with everything reachable from them, their defaults, and how each is addressed. */
export function reduce(document: FullDocument, defaults: readonly DefaultsDocument[], sum: string): Extract {
  const names = reachable(document.definitions, WANTED_KINDS.map((kind) => kind.definition));
  const documented = Object.assign({}, ...defaults.map((part) => part.components?.schemas ?? {}));
  return {
    source: { module: PIN.module, version: PIN.version, path: PIN.path, sum },
    resources: WANTED_KINDS.flatMap(({ definition }) => {
      const resource = addressOf(document, definition);
      return resource === undefined ? [] : [resource];
    }),
    definitions: Object.fromEntries(
      names.map((name) => [name, withDefaults(name, document.definitions[name]!, documented[name])]),
    ),
  };
}

/** One definition a line, so that a refresh reads well as a diff. */
export function formatExtract(extract: Extract): string {
  const entries = Object.entries(extract.definitions).map(([name, schema]) =>
    `  ${JSON.stringify(name)}: ${JSON.stringify(schema)}`
  );
  return `{
"source": ${JSON.stringify(extract.source)},
"resources": [
${extract.resources.map((resource) => `  ${JSON.stringify(resource)}`).join(",\n")}
],
"definitions": {
${entries.join(",\n")}
}
}
`;
}

/**
 * Adds the defaults that the v3 document knows. Those of required fields and of whole structures are only the zero
 * values of the Go types, which say nothing about what the server does.
 */
function withDefaults(name: string, schema: Schema, documented: Schema | undefined): Schema {
  if (schema.properties === undefined) return schema;
  const properties = Object.entries(schema.properties).map(([field, value]): [string, Schema] => {
    const found = documented?.properties?.[field]?.default;
    const real = found !== undefined && typeof found !== "object" && !schema.required?.includes(field) &&
      !UNRESOLVED_DEFAULTS.includes(`${name}.${field}`);
    return [field, real ? { ...value, default: found } : value];
  });
  return { ...schema, properties: Object.fromEntries(properties) };
}

function addressOf(document: FullDocument, definition: string): Resource | undefined {
  const gvk = document.definitions[definition]?.["x-kubernetes-group-version-kind"]?.[0];
  if (gvk === undefined) return undefined;
  const resource = { definition, ...gvk };
  for (const [path, operations] of Object.entries(document.paths)) {
    const posted = operations["post"]?.["x-kubernetes-group-version-kind"];
    if (posted === undefined || !sameKind(posted, gvk) || path.includes("{name}")) continue;
    const plural = path.slice(path.lastIndexOf("/") + 1);
    return { ...resource, plural, namespaced: path.includes("/namespaces/{namespace}/") };
  }
  return resource;
}

function sameKind(a: { group: string; version: string; kind: string }, b: typeof a): boolean {
  return a.group === b.group && a.version === b.version && a.kind === b.kind;
}

/** `go mod download`; a module that is in Go's cache needs no network. */
export async function downloadModule(module: string): Promise<DownloadedModule> {
  const command = new Deno.Command("go", {
    args: ["mod", "download", "-json", module],
    stdout: "piped",
    stderr: "piped",
  });
  const { success, stdout, stderr } = await command.output();
  const [text, problem] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
  if (!success) throw new Error(`go mod download ${module} failed: ${problem || text}`);
  const { Dir: directory, Sum: sum } = JSON.parse(text ?? "");
  return { directory, sum };
}
