/** Server-side apply refuses lists in which two items have the same key; say so where it can be understood. */
import type { KubeObject } from "../../api/object.ts";
import { canonicalJson } from "./canonical_json.ts";
import { below, type FieldSchema, fieldSchemaOf, itemKey } from "./field_schema.ts";

/** A mistake in the code that made the object: retrying the same object cannot help. */
export class DuplicateKeyError extends Error {
  override readonly name = "DuplicateKeyError";
  constructor(
    object: KubeObject,
    /** The list, such as `spec.template.spec.containers[name=coder].env`. */
    readonly path: string,
    /** The key that occurs twice, such as `name=A`. */
    readonly duplicate: string,
  ) {
    const what = `${object.kind} ${object.metadata.namespace ?? ""}/${object.metadata.name ?? ""}`.replace(
      " /",
      " ",
    );
    super(
      `${what} cannot be applied: ${path} has two items with ${duplicate}; keep only one (for env, the last one wins)`,
    );
  }
}

/** Throws {@linkcode DuplicateKeyError} for the first list of `object` that has two items with the same key. */
export function refuseDuplicateKeys(object: KubeObject): void {
  search(object, { object, schema: fieldSchemaOf(object) }, "", "");
}

interface Search {
  object: KubeObject;
  schema: FieldSchema;
}

function search(value: unknown, context: Search, text: string, path: string): void {
  if (Array.isArray(value)) {
    const type = context.schema.list(path);
    const seen = new Set<string>();
    value.forEach((item, index) => {
      const key = type.type === "map"
        ? itemKey(item, type.keys)
        : type.type === "set"
        ? { value: item }
        : undefined;
      const name = key === undefined ? String(index) : describe(key);
      const identity = canonicalJson(key);
      if (key !== undefined && seen.has(identity)) throw new DuplicateKeyError(context.object, text, name);
      seen.add(identity);
      search(item, context, `${text}[${name}]`, path);
    });
  } else if (typeof value === "object" && value !== null) {
    for (const [name, field] of Object.entries(value)) {
      search(field, context, below(text, name), below(path, name));
    }
  }
}

function describe(key: Record<string, unknown>): string {
  return Object.entries(key).map(([name, value]) => `${name}=${String(value)}`).join(", ");
}
