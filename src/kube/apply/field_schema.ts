/** What server-side apply knows about the fields of a kind: how lists merge, which values are one, which are quantities. */
import { atomicMapPaths, type ListType, listTypes, quantityPaths } from "../../api/kubernetes/list_types.ts";

/** Facts about one kind. Paths are field names with dots; list items add nothing to them. */
export interface FieldSchema {
  /** False for kinds outside the generated tables (custom resources): everything below is then unknown. */
  readonly known: boolean;
  /** How the list at `path` merges; lists nobody describes are atomic, as they are for the API server. */
  list(path: string): ListType;
  /** True where the map or structure at `path` (or each item of the list at `path`) is one value. */
  isAtomicMap(path: string): boolean;
  /** True where `1`, `"1"` and `"1000m"` mean the same. */
  isQuantity(path: string): boolean;
}

/** The facts about a kind, as `apiVersion` and `kind` of an object name it. */
export function fieldSchemaOf(object: { apiVersion: string; kind: string }): FieldSchema {
  const name = `${object.apiVersion}/${object.kind}`;
  const lists = listTypes[name] ?? metadataLists;
  const atomics = atomicMapPaths[name] ?? metadataAtomics;
  const quantities = quantityPaths[name];
  return {
    known: listTypes[name] !== undefined,
    list: (path) => lists[path] ?? { type: "atomic" },
    isAtomicMap: (path) => atomics.has(path),
    isQuantity: (path) => quantities !== undefined && (quantities.has(path) || quantities.has(anyKey(path))),
  };
}

/** A path below `path`. */
export function below(path: string, field: string): string {
  return path === "" ? field : `${path}.${field}`;
}

/**
 * The keys of a list item, those that the API server fills in included. Undefined where the item has none of them.
 * A port's protocol is the one list key with a default.
 */
export function itemKey(item: unknown, keys: readonly string[]): Record<string, unknown> | undefined {
  if (typeof item !== "object" || item === null) return undefined;
  const fields = item as Record<string, unknown>;
  const result: Record<string, unknown> = {};
  let found = false;
  for (const key of keys) {
    const value = fields[key];
    if (value !== undefined && value !== null) {
      result[key] = value;
      found = true;
    } else if (key === "protocol") {
      result[key] = "TCP";
    }
  }
  return found ? result : undefined;
}

/** Object metadata is the same in every kind, custom resources included. */
const metadataLists: Readonly<Record<string, ListType>> = {
  "metadata.finalizers": { type: "set" },
  "metadata.ownerReferences": { type: "map", keys: ["uid"] },
};
const metadataAtomics: ReadonlySet<string> = new Set(["metadata.ownerReferences"]);

/** Keys of resource maps may hold dots (`example.com/gpu`), so the wildcard stands for all that follows the map. */
function anyKey(path: string): string {
  return path.replace(/\.(limits|requests|overhead|hard|capacity)\..+$/, ".$1.*");
}
