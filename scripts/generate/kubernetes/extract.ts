/** Reduces the full OpenAPI document to what the product needs. Runs only on `--refresh-openapi`. */
import { createHash } from "node:crypto";
import { type Extract, reachable, type Resource, type Schema } from "./document.ts";
import { EXTRACT_PATH, PIN, WANTED_KINDS } from "./kinds.ts";

interface Operation {
  "x-kubernetes-group-version-kind"?: { group: string; version: string; kind: string };
}

/** The parts of a Kubernetes OpenAPI v2 document that are read here. */
export interface FullDocument {
  definitions: Record<string, Schema>;
  paths: Record<string, Record<string, Operation>>;
}

/** Fetches the pinned module through the Go tool chain and writes the reduced document. */
export async function refreshExtract(root: string): Promise<void> {
  const text = await Deno.readTextFile(`${await moduleDirectory()}/${PIN.path}`);
  const extract = reduce(JSON.parse(text), createHash("sha256").update(text).digest("hex"));
  await Deno.writeTextFile(`${root}/${EXTRACT_PATH}`, `${formatExtract(extract)}\n`);
}

/** The wanted kinds with everything reachable from them, and how each is addressed. */
export function reduce(document: FullDocument, sha256: string): Extract {
  const names = reachable(document.definitions, WANTED_KINDS.map((kind) => kind.definition));
  return {
    source: { ...PIN, sha256 },
    resources: WANTED_KINDS.flatMap(({ definition }) => {
      const resource = addressOf(document, definition);
      return resource === undefined ? [] : [resource];
    }),
    definitions: Object.fromEntries(names.map((name) => [name, document.definitions[name]!])),
  };
}

/** One definition a line, so that a refresh reads well as a diff. */
export function formatExtract(extract: Extract): string {
  const lines = (entries: [string, unknown][]) =>
    entries.map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`).join(",\n");
  return `{
"source": ${JSON.stringify(extract.source)},
"resources": [
${extract.resources.map((resource) => `  ${JSON.stringify(resource)}`).join(",\n")}
],
"definitions": {
${lines(Object.entries(extract.definitions))}
}
}`;
}

function addressOf(document: FullDocument, definition: string): Resource | undefined {
  const gvk = document.definitions[definition]?.["x-kubernetes-group-version-kind"]?.[0];
  if (gvk === undefined) return undefined;
  const resource = { definition, ...gvk };
  for (const [path, operations] of Object.entries(document.paths)) {
    const posted = operations["post"]?.["x-kubernetes-group-version-kind"];
    if (posted === undefined || !sameKind(posted, gvk) || path.includes("{name}")) continue;
    const plural = path.slice(path.lastIndexOf("/") + 1);
    // A namespaced kind may be served by a cluster-wide path as well; the shape with a namespace decides.
    return { ...resource, plural, namespaced: path.includes("/namespaces/{namespace}/") };
  }
  return resource;
}

function sameKind(a: { group: string; version: string; kind: string }, b: typeof a): boolean {
  return a.group === b.group && a.version === b.version && a.kind === b.kind;
}

async function moduleDirectory(): Promise<string> {
  const command = new Deno.Command("go", {
    args: ["mod", "download", "-json", `${PIN.module}@${PIN.version}`],
    stdout: "piped",
    stderr: "piped",
  });
  const { success, stdout, stderr } = await command.output();
  const text = new TextDecoder().decode(success ? stdout : stderr);
  if (!success) throw new Error(`go mod download ${PIN.module}@${PIN.version} failed: ${text.trim()}`);
  return JSON.parse(text).Dir;
}
