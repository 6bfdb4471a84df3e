/** The manifests that the chart is made of: `deploy/`, rendered as `kubectl kustomize` would. */
import { parse, parseAllDocuments } from "yaml";
import { type ReadDocuments, renderKustomization } from "../../../src/install/render/kustomize.ts";
import type { Json } from "./tree.ts";

/** An object of a manifest. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [key: string]: Json;
}

/** Renders folders of `deploy/`: one shape, and components on it, in this order. */
export type Render = (shape: string, components?: readonly string[]) => readonly Manifest[];

/** By which an object is the same in all variants. */
export function keyOf({ kind, metadata: { namespace = "", name } }: Manifest): string {
  return `${kind}/${namespace}/${name}`;
}

/** The renderer of a checkout. CRDs are left out: the chart has them from `crd/`. */
export async function renderer(root: string): Promise<Render> {
  const files = new Map<string, unknown[]>([["crd/kustomization.yaml", [{ kind: "Kustomization" }]]]);
  for await (const path of yamlFiles(root, "deploy")) {
    const documents = parseAllDocuments(await Deno.readTextFile(`${root}/${path}`));
    files.set(path, documents.map((document) => readable(document.toJS())));
  }
  const read: ReadDocuments = (path) => files.get(path);
  return (shape, components = []) => {
    const folders = (paths: readonly string[]) => paths.map((path) => `deploy/${path}`);
    const objects = renderKustomization(read, {
      resources: folders([shape]),
      components: folders(components),
    });
    return objects as unknown as Manifest[];
  };
}

/** Inline patches are read as JSON, which is YAML. */
function readable(document: unknown): unknown {
  const { patches } = (document ?? {}) as { patches?: unknown };
  if (!Array.isArray(patches)) return document;
  const read = patches.map((each: { patch?: unknown }) =>
    typeof each.patch === "string" ? { ...each, patch: JSON.stringify(parse(each.patch)) } : each
  );
  return { ...(document as object), patches: read };
}

async function* yamlFiles(root: string, folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(`${root}/${folder}`)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* yamlFiles(root, path);
    else if (/\.ya?ml$/.test(name)) yield path;
  }
}
