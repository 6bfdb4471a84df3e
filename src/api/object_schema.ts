/** Reading our own resources: from whatever the API server sent to a typed object with defaults. */
import { z } from "zod";
import type { ObjectMeta } from "./kubernetes/types.ts";
import { apiVersionOf, keyOf, keyText, type KubeObject, resourceText, type ResourceType } from "./object.ts";

/** One thing that is wrong with an object. */
export interface Problem {
  /** Where, as `spec.service.port`. Empty for the object itself. */
  readonly path: string;
  readonly message: string;
}

/** A stored object does not have the shape of its kind. */
export class InvalidObjectError extends Error {
  override readonly name = "InvalidObjectError";
  constructor(message: string, readonly problems: readonly Problem[]) {
    super(message);
  }
}

/** The `metadata` of any object: only that it is there. */
const metadata = z.custom<ObjectMeta>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "metadata is missing",
);

/** The whole object of a kind. */
export function objectSchema<S extends z.ZodType, T extends z.ZodType>(
  resource: ResourceType,
  parts: { spec: S; status: T },
) {
  const apiVersion = apiVersionOf(resource);
  return z.object({
    // Items of a list may come without these two.
    apiVersion: z.string().default(apiVersion),
    kind: z.string().default(resource.kind),
    metadata,
    spec: parts.spec,
    status: parts.status,
  });
}

/** What was read, by schema and by object, as long as the object is there: caches, passes and visits read the same ones. */
const known = new WeakMap<z.ZodType, WeakMap<object, unknown>>();

/**
 * Reads `object` with `schema`. Throws {@linkcode InvalidObjectError} that lists every wrong path. The same object gives
 * the same result: neither may be changed.
 */
export function readObject<T extends z.ZodType>(
  resource: ResourceType,
  schema: T,
  object: unknown,
): z.output<T> {
  const results = known.get(schema) ?? new WeakMap<object, unknown>();
  known.set(schema, results);
  const isObject = typeof object === "object" && object !== null;
  const before = isObject ? results.get(object) : undefined;
  if (before !== undefined) return before as z.output<T>;
  const result = schema.safeParse(object);
  if (result.success) {
    if (isObject) results.set(object, result.data);
    return result.data;
  }
  const problems = result.error.issues.map(({ path, message }) => ({ path: pathText(path), message }));
  const details = problems.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join(
    "; ",
  );
  throw new InvalidObjectError(
    `${resourceText(resource)} ${
      nameOf(object)
    } cannot be read: ${details}; correct these fields with kubectl edit`,
    problems,
  );
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? String(part) : `${text}.${String(part)}`;
  }, "");
}

function nameOf(object: unknown): string {
  const candidate = object as Partial<KubeObject> | null | undefined;
  return typeof candidate?.metadata?.name === "string"
    ? keyText(keyOf({ metadata: candidate.metadata }))
    : "(unnamed)";
}
