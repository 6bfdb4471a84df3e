/** RFC 6902 and RFC 7386, as the API server carries them out. */
import type { JsonPatchOperation } from "../../src/kube/client.ts";
import { canonicalJson } from "../../src/kube/apply/canonical_json.ts";
import { type Fields, isFields } from "./field_ownership.ts";

/** A test did not hold, or a path leads nowhere. */
export class PatchError extends Error {
  override readonly name = "PatchError";
}

/** The document after all operations; the given one stays as it is. */
export function jsonPatched<T>(document: T, operations: readonly JsonPatchOperation[]): T {
  const root = { root: structuredClone(document) as unknown };
  for (const operation of operations) run(root, operation);
  return root.root as T;
}

function run(root: { root: unknown }, operation: JsonPatchOperation): void {
  if ("from" in operation) throw new PatchError(`${operation.op} is not modelled`);
  const steps = operation.path.split("/").slice(1).map((step) =>
    step.replaceAll("~1", "/").replaceAll("~0", "~")
  );
  const last = steps.pop();
  let parent: unknown = root.root;
  for (const step of steps) parent = child(parent, step, operation.path);
  if (last === undefined) throw new PatchError("the whole document is not modelled");
  if (operation.op === "test") {
    if (canonicalJson(child(parent, last, operation.path)) !== canonicalJson(operation.value)) {
      throw new PatchError(`testing path ${operation.path} failed`);
    }
  } else if (Array.isArray(parent)) {
    const index = last === "-" ? parent.length : Number(last);
    if (operation.op === "add") parent.splice(index, 0, structuredClone(operation.value));
    else if (index >= parent.length) throw new PatchError(`nothing at ${operation.path}`);
    else if (operation.op === "remove") parent.splice(index, 1);
    else parent[index] = structuredClone(operation.value);
  } else if (isFields(parent)) {
    if (operation.op !== "add") child(parent, last, operation.path);
    if (operation.op === "remove") delete parent[last];
    else parent[last] = structuredClone(operation.value);
  } else {
    throw new PatchError(`nothing at ${operation.path}`);
  }
}

function child(parent: unknown, step: string, path: string): unknown {
  if (Array.isArray(parent) && Number(step) < parent.length) return parent[Number(step)];
  if (isFields(parent) && Object.hasOwn(parent, step)) return parent[step];
  throw new PatchError(`nothing at ${path}`);
}

/** `patch` laid over `document`; null takes away. */
export function mergePatched(document: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  const result: Fields = isFields(document) ? { ...document } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else if (value !== undefined) result[name] = mergePatched(result[name], value);
  }
  return result;
}
