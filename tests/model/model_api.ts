/**
 * An API server in memory: objects with UIDs, resource versions and generations, optimistic locks, finalizers, status as
 * a subresource, the patches that the product sends, server-side apply with its managers, garbage collection one object at
 * a time. Not modelled: admission, defaults but the number of a Deployment's pods, RBAC, and everything about selection
 * beside namespaces and labels.
 */
import {
  apiVersionOf,
  keyOf,
  keyText,
  type KubeObject,
  type ObjectKey,
  resourceText,
  type ResourceType,
} from "../../src/api/object.ts";
import type { DeleteOptions, PatchBody, WriteOptions } from "../../src/kube/client.ts";
import { deepFreeze } from "../../src/kube/cache/cache_entry.ts";
import { KubeApiError } from "../../src/kube/errors.ts";
import { sameData } from "../../src/reconciler/same_data.ts";
import { applied, managersAfter } from "./field_ownership.ts";
import { jsonPatched, mergePatched, PatchError } from "./json_patch.ts";

/** What a watch says. */
export interface Change {
  readonly type: ResourceType;
  readonly kind: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
  readonly before: KubeObject | undefined;
  /** Who wrote. */
  readonly by: string;
}

type Stored = KubeObject & { spec?: unknown; status?: unknown };

/** Held by it until all that it owns is gone. */
export const FOREGROUND = "foregroundDeletion";

/** Finalizers of the API server that a delete sets. */
interface Place {
  readonly type: ResourceType;
  readonly objects: Map<string, Stored>;
}

/** See the file's head. */
export class ModelApi {
  readonly #places = new Map<string, Place>();
  readonly #listeners = new Set<(change: Change) => void>();
  #version = 100;
  #uids = 0;

  constructor(
    /** RFC 3339 with whole seconds. */
    readonly time: () => string,
    /** In front of UIDs, so that two histories have different ones. */
    readonly salt = "0",
  ) {}

  /** Called after every change, before its writer knows of it. */
  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Undefined where it is not there. Frozen. */
  find<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey): T | undefined {
    return this.#place(type).objects.get(keyText(key)) as T | undefined;
  }

  get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey): T {
    return this.find(type, key) ??
      fail("GET", type, key, 404, "NotFound", `${resourceText(type)} "${key.name}" not found`);
  }

  list<T extends KubeObject>(type: ResourceType<T>, namespace?: string): T[] {
    const all = [...this.#place(type).objects.values()] as unknown as T[];
    return namespace === undefined ? all : all.filter((one) => one.metadata.namespace === namespace);
  }

  /** Every object of every kind. */
  *everything(): Generator<{ type: ResourceType; object: KubeObject }> {
    for (const { type, objects } of this.#places.values()) {
      for (const object of objects.values()) yield { type, object };
    }
  }

  create<T extends KubeObject>(type: ResourceType<T>, given: T, by: string, options: WriteOptions = {}): T {
    const object = clean(type, given);
    const key = keyOf(object);
    if (this.find(type, key) !== undefined) {
      fail("POST", type, key, 409, "AlreadyExists", `${resourceText(type)} "${key.name}" already exists`);
    }
    const { status: _, ...rest } = object as Stored;
    const fresh = this.#new(type, rest as Stored);
    const managedFields = managersAfter(empty(type, key), fresh, writer(by, options), this.time());
    return this.#store(
      type,
      undefined,
      { ...fresh, metadata: { ...fresh.metadata, managedFields } },
      by,
    ) as unknown as T;
  }

  update<T extends KubeObject>(type: ResourceType<T>, given: T, by: string, options: WriteOptions = {}): T {
    const object = clean(type, given) as Stored;
    const key = keyOf(object);
    const live = this.get(type, key) as Stored;
    this.#check("PUT", type, live, object.metadata);
    return this.#write(type, live, object, by, options) as unknown as T;
  }

  patch<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    patch: PatchBody,
    by: string,
    options: WriteOptions = {},
  ): T {
    if (patch.type === "apply") return this.#apply(type, key, clean(type, patch.body as T), by, options);
    const live = this.get(type, key) as Stored;
    if (patch.type === "strategic") throw new TypeError("strategic merge patches are not modelled");
    let next: Stored;
    try {
      next = patch.type === "json"
        ? jsonPatched(live, JSON.parse(JSON.stringify(patch.body)))
        : mergePatched(live, JSON.parse(JSON.stringify(patch.body))) as Stored;
    } catch (error) {
      if (!(error instanceof PatchError)) throw error;
      return fail("PATCH", type, key, 422, "Invalid", `the server rejected our request: ${error.message}`);
    }
    this.#check("PATCH", type, live, next.metadata);
    return this.#write(type, live, clean(type, next), by, options) as unknown as T;
  }

  delete(type: ResourceType, key: ObjectKey, by: string, options: DeleteOptions = {}): void {
    const live = this.get(type, key) as Stored;
    this.#check("DELETE", type, live, { ...options.preconditions });
    const { propagationPolicy } = options;
    const finalizers = new Set(live.metadata.finalizers ?? []);
    if (propagationPolicy === "Foreground") finalizers.add(FOREGROUND);
    if (propagationPolicy === "Background") finalizers.delete(FOREGROUND);
    // A kubelet ends pods; it deletes them for good with no grace.
    const lingers = type.kind === "Pod" && options.gracePeriodSeconds !== 0;
    if (finalizers.size === 0 && !lingers) return this.#remove(type, live, by);
    const { deletionTimestamp = this.time(), generation = 0 } = live.metadata;
    const metadata = {
      ...live.metadata,
      deletionTimestamp,
      ...(finalizers.size > 0 && { finalizers: [...finalizers] }),
      ...(live.metadata.deletionTimestamp === undefined && { generation: generation + 1 }),
    };
    this.#store(type, live, { ...live, metadata }, by);
  }

  /** Objects whose owners are all gone: the garbage collector deletes them at some time. */
  garbage(): { type: ResourceType; object: KubeObject }[] {
    const uids = new Set<string | undefined>();
    for (const { object } of this.everything()) uids.add(object.metadata.uid);
    return [...this.everything()].filter(({ object: { metadata } }) => {
      const owners = metadata.ownerReferences ?? [];
      return metadata.deletionTimestamp === undefined && owners.length > 0 &&
        !owners.some(({ uid }) => uids.has(uid));
    });
  }

  /** Those that belong to an object, as their owner references say. */
  dependents(uid: string | undefined): { type: ResourceType; object: KubeObject }[] {
    return [...this.everything()].filter(({ object }) =>
      object.metadata.ownerReferences?.some((reference) => reference.uid === uid) === true
    );
  }

  /** What an object would be after a write: metadata of the server's own, and of subresources only their part. */
  #write(type: ResourceType, live: Stored, next: Stored, by: string, options: WriteOptions): Stored {
    const { subresource } = options;
    if (subresource === "status") {
      return this.#store(
        type,
        live,
        { ...live, ...(next.status !== undefined && { status: next.status }) },
        by,
      );
    }
    const { uid, creationTimestamp, generation, deletionTimestamp, resourceVersion } = live.metadata;
    const server = { uid, creationTimestamp, generation, deletionTimestamp, resourceVersion };
    const { status: _, ...rest } = next;
    const object = {
      ...rest,
      ...(live.status !== undefined && { status: live.status }),
      metadata: JSON.parse(JSON.stringify({ ...next.metadata, ...server })),
    } as Stored;
    const setsManagers = !sameData(next.metadata.managedFields, live.metadata.managedFields);
    if (!setsManagers) {
      object.metadata.managedFields = managersAfter(live, object, writer(by, options), this.time());
    }
    return this.#store(type, live, object, by);
  }

  #apply<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    config: T,
    by: string,
    { fieldManager = "coder-k8s" }: WriteOptions,
  ): T {
    const live = this.find(type, key) as Stored | undefined;
    const { uid, resourceVersion } = config.metadata;
    if (live === undefined) {
      if (uid !== undefined || (resourceVersion !== undefined && resourceVersion !== "1")) {
        fail(
          "PATCH",
          type,
          key,
          409,
          "Conflict",
          `${resourceText(type)} "${key.name}" is not there with that uid`,
        );
      }
      const fresh = this.#new(type, config as Stored);
      return this.#store(
        type,
        undefined,
        applied(withoutSpec(fresh), fresh, fieldManager, this.time()),
        by,
      ) as unknown as T;
    }
    this.#check("PATCH", type, live, { uid, resourceVersion });
    const { uid: _, resourceVersion: _version, ...metadata } = config.metadata;
    const object = applied(live, { ...config, metadata }, fieldManager, this.time());
    return this.#store(type, live, object, by) as unknown as T;
  }

  #new(type: ResourceType, object: Stored): Stored {
    const serial = String(++this.#uids).padStart(12, "0");
    const { resourceVersion: _, ...metadata } = object.metadata;
    const made: Stored = {
      ...object,
      metadata: {
        ...metadata,
        uid: `${this.salt.padStart(8, "0").slice(-8)}-0000-4000-8000-${serial}`,
        creationTimestamp: this.time(),
        generation: 1,
      },
    };
    return type.kind === "Deployment" ? { ...made, spec: { replicas: 1, ...made.spec as object } } : made;
  }

  /** Stores, unless nothing has changed, and counts versions and generations. */
  #store(type: ResourceType, before: Stored | undefined, given: KubeObject, by: string): Stored {
    const next = given as Stored;
    if (before !== undefined && isSame(before, next)) return before;
    const key = keyOf(next);
    if (before?.metadata.deletionTimestamp !== undefined && (next.metadata.finalizers ?? []).length === 0) {
      if (type.kind !== "Pod") {
        this.#remove(type, { ...next, metadata: { ...next.metadata } }, by);
        return next;
      }
    }
    const specChanged = before !== undefined && !sameData(content(before), content(next));
    const { generation = 1 } = next.metadata;
    const object: Stored = {
      ...next,
      metadata: {
        ...next.metadata,
        generation: specChanged ? generation + 1 : generation,
        resourceVersion: String(++this.#version),
      },
    };
    deepFreeze(object);
    this.#place(type).objects.set(keyText(key), object);
    this.#tell({ type, kind: before === undefined ? "ADDED" : "MODIFIED", object, before, by });
    return object;
  }

  #remove(type: ResourceType, live: Stored, by: string): void {
    const before = this.find(type, keyOf(live));
    this.#place(type).objects.delete(keyText(keyOf(live)));
    const object = { ...live, metadata: { ...live.metadata, resourceVersion: String(++this.#version) } };
    deepFreeze(object);
    this.#tell({ type, kind: "DELETED", object, before, by });
  }

  #check(
    method: string,
    type: ResourceType,
    { metadata: live }: KubeObject,
    { uid, resourceVersion }: { uid?: string | undefined; resourceVersion?: string | undefined },
  ): void {
    const key = { namespace: live.namespace ?? "", name: live.name ?? "" };
    if (
      (uid !== undefined && uid !== live.uid) ||
      (resourceVersion ?? live.resourceVersion) !== live.resourceVersion
    ) {
      fail(
        method,
        type,
        key,
        409,
        "Conflict",
        `the object has been modified; please apply your changes to it again`,
      );
    }
  }

  #place(type: ResourceType): Place {
    const name = resourceText(type);
    let place = this.#places.get(name);
    if (place === undefined) this.#places.set(name, place = { type, objects: new Map() });
    return place;
  }

  #tell(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }
}

function writer(by: string, { fieldManager, subresource }: WriteOptions) {
  return { manager: fieldManager ?? (by.startsWith("operator") ? "coder-k8s" : by), subresource };
}

/** As JSON carries it, with its kind, and without lists and maps of the metadata that are empty. */
function clean<T extends KubeObject>(type: ResourceType, object: T): T {
  const plain = JSON.parse(JSON.stringify(object)) as T;
  const metadata = Object.fromEntries(
    Object.entries(plain.metadata).filter(([, value]) => !isEmpty(value)),
  );
  return { ...plain, metadata, apiVersion: apiVersionOf(type), kind: type.kind };
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function empty(type: ResourceType, key: ObjectKey): KubeObject {
  return {
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    metadata: { name: key.name, namespace: key.namespace },
  };
}

/** What an apply begins with. */
function withoutSpec(
  { apiVersion, kind, metadata: { name, namespace, uid, creationTimestamp, generation } }: Stored,
): KubeObject {
  return JSON.parse(JSON.stringify({
    apiVersion,
    kind,
    metadata: { name, namespace, uid, creationTimestamp, generation },
  }));
}

/** Everything whose change counts as a new generation. */
function content({ metadata: _, status: _status, ...rest }: Stored): unknown {
  return rest;
}

function isSame(before: Stored, after: Stored): boolean {
  const { managedFields: left = [], ...was } = before.metadata;
  const { managedFields: right = [], ...is } = after.metadata;
  const owners = (entries: typeof left) => entries.map(({ time: _, ...entry }) => entry);
  return sameData({ ...before, metadata: was }, { ...after, metadata: is }) &&
    sameData(owners(left), owners(right));
}

function fail(
  method: string,
  type: ResourceType,
  key: ObjectKey,
  code: number,
  reason: string,
  message: string,
): never {
  throw new KubeApiError(code, reason, message, { method, path: `${resourceText(type)} ${keyText(key)}` });
}
