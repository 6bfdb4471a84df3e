/** What the cache keeps of an object that the API server sent. */
import { apiVersionOf, type KubeObject, type ResourceType } from "../../api/object.ts";
import type { ObjectMeta } from "../../api/kubernetes/types.ts";
import { isRecord } from "../rest/api_errors.ts";
import type { KindOptions } from "../informer.ts";
import type { StringPool } from "./string_pool.ts";

/** One object and the fact that `derive` made of it. Neither ever changes; a new version is a new entry. */
export interface Entry<T extends KubeObject = KubeObject> {
  readonly object: T;
  readonly derived: unknown;
}

/** What is wanted of one kind, and what the whole cache brings. */
export interface EntryOptions<T extends KubeObject> {
  type: ResourceType<T>;
  kind: Pick<KindOptions<T>, "metadataOnly" | "transform" | "derive">;
  pool: StringPool;
  /** Makes every kept object deeply read-only, so that a component that changes one fails loudly. */
  freeze: boolean;
  /** Told of an object that cannot be kept and of a `transform` or `derive` that threw. */
  onError: (what: string, error: unknown) => void;
}

/** Makes an entry of whatever came over the wire; undefined where it is no object of any kind. */
export type EntryMaker<T extends KubeObject> = (raw: unknown) => Entry<T> | undefined;

/**
 * The way from the wire into the cache: shape checked, `derive`, `transform`, `managedFields` and (for metadata-only
 * kinds) everything but metadata dropped, equal strings shared. `raw` is used up by it: it may become the kept object.
 */
export function entryMaker<T extends KubeObject>(options: EntryOptions<T>): EntryMaker<T> {
  const { type, kind, pool, onError } = options;
  const apiVersion = apiVersionOf(type);
  return (raw) => {
    if (!hasObjectMeta(raw)) {
      onError("what the API server sent is no object with a name", undefined);
      return undefined;
    }
    // Items of a list carry no kind, and metadata-only ones another.
    const whole = kind.metadataOnly
      ? { apiVersion, kind: type.kind, metadata: raw.metadata }
      : Object.assign(raw, { apiVersion, kind: type.kind });
    let object = whole as unknown as T;
    const derived = kind.derive && guarded(() => kind.derive?.(object), undefined, "derive", onError);
    if (kind.transform !== undefined) {
      const before = object;
      const after = guarded(() => kind.transform?.(before), before, "transform", onError);
      if (hasObjectMeta(after)) object = after as unknown as T;
      else onError("transform returned no object with a name", undefined);
    }
    object = withoutManagedFields(object);
    pool.internAll(object);
    if (options.freeze) deepFreeze(object);
    return { object, derived };
  };
}

/** True for what can be kept: metadata with a name, and text where text belongs. */
function hasObjectMeta(value: unknown): value is { metadata: ObjectMeta } {
  if (!isRecord(value) || !isRecord(value["metadata"])) return false;
  const { name, namespace, uid, resourceVersion, labels } = value["metadata"];
  return typeof name === "string" && name !== "" && isTextOrAbsent(namespace) && isTextOrAbsent(uid) &&
    isTextOrAbsent(resourceVersion) && (labels === undefined || isRecord(labels));
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}

/** A fresh metadata object: `delete` would turn it into the runtime's slow form, which is twice the size. */
function withoutManagedFields<T extends KubeObject>(object: T): T {
  if (object.metadata.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  if (Object.isFrozen(object)) return { ...object, metadata };
  object.metadata = metadata;
  return object;
}

function guarded<R>(run: () => R, fallback: R, what: string, onError: EntryOptions<never>["onError"]): R {
  try {
    return run();
  } catch (error) {
    onError(`${what} threw`, error);
    return fallback;
  }
}

/** Makes parsed JSON read-only at every depth. */
export function deepFreeze(value: object): void {
  Object.freeze(value);
  for (const item of Object.values(value)) {
    if (typeof item === "object" && item !== null && !Object.isFrozen(item)) deepFreeze(item);
  }
}
