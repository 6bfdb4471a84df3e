/** The examples, as they are found: folders that are applied as a whole, and files that are applied one by one. */
import { dirname, relative } from "node:path";
import { parseAllDocuments } from "yaml";
import type { KubeObject } from "../../src/api/object.ts";
import { filesBelow, read } from "../../scripts/lib/files.ts";

const AGGREGATED = "aggregation.coder.com/v1alpha1";

/** All examples. */
export interface Examples {
  /** Folders with a kustomization.yaml that no other of them has. */
  readonly folders: readonly string[];
  /** Manifests that no kustomization has, of kinds that the product serves itself. */
  readonly aggregated: readonly string[];
  /** Manifests that no kustomization has, of all other kinds. */
  readonly files: readonly string[];
  /** Folders right below examples/, with whether they have any manifest. */
  readonly all: ReadonlyMap<string, boolean>;
}

/** Finds them. */
export async function findExamples(): Promise<Examples> {
  const paths = (await filesBelow("examples", [""])).sort();
  const yaml = paths.filter((path) => /\.ya?ml$/.test(path));
  const kustomizations = yaml.filter((path) => path.endsWith("/kustomization.yaml"));
  const held = new Set(kustomizations.flatMap((path) => [path, ...resourcesOf(path)]));
  const folders = kustomizations.map(dirname).filter((folder) => !held.has(folder));
  const alone = yaml.filter((path) => !held.has(path));
  const isAggregated = (path: string) => objectsOf(path).every(({ apiVersion }) => apiVersion === AGGREGATED);
  return {
    folders,
    aggregated: alone.filter(isAggregated),
    files: alone.filter((path) => !isAggregated(path)),
    all: new Map(
      [...Map.groupBy(paths, (path) => path.split("/").slice(0, 2).join("/"))].map(([folder, files]) => [
        folder,
        files.some((path) => yaml.includes(path)),
      ]),
    ),
  };
}

/** What a file has. */
export function objectsOf(path: string): KubeObject[] {
  return parseAllDocuments(read(path)).map((document) => {
    if (document.errors.length > 0) throw new Error(`${path} is no YAML: ${document.errors[0]?.message}`);
    return document.toJS();
  });
}

function resourcesOf(path: string): string[] {
  const [{ resources = [], configMapGenerator = [] }] = objectsOf(path) as unknown as [
    { resources?: string[]; configMapGenerator?: { files?: string[] }[] },
  ];
  const files = configMapGenerator.flatMap(({ files = [] }) => files.map((file) => file.replace(/^.*=/, "")));
  return [...resources, ...files].map((name) =>
    relative(".", new URL(name, `file:///${dirname(path)}/`).pathname.slice(1))
  );
}
