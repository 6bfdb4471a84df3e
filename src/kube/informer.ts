/** The read side of the shared cache, as reconcilers and servers see it. `shared_cache.ts` implements it. */
import type { KubeObject, ObjectKey, ResourceType } from "../api/object.ts";

/** How one kind is cached. Declared once in the process; a second, different declaration is a programming error. */
export interface KindOptions<T extends KubeObject = KubeObject> {
  /** Namespaces to watch; absent or empty means all (one LIST/WATCH), several mean one LIST/WATCH each. */
  namespaces?: readonly string[];
  labelSelector?: string;
  fieldSelector?: string;
  /** Only metadata is fetched and kept (`PartialObjectMetadata`). @default {false} */
  metadataOnly?: boolean;
  /** Runs on every object before it is kept. `metadata.managedFields` is dropped after it, always. */
  transform?: (object: T) => T;
  /** A small fact kept beside the object, computed while `metadata.managedFields` is still there. */
  derive?: (object: T) => unknown;
  /**
   * The kind may not exist (a CRD that is not installed yet): the informer counts as synced while it is absent and
   * starts to watch as soon as its CRD is established. @default {false}
   */
  optional?: boolean;
}

/** What a subscriber is told. Handlers must be quick and must not throw; work belongs in a queue. */
export interface InformerHandler<T extends KubeObject> {
  /** `initial` is true for objects of the first list (and of a list after a restart that were not known). */
  added?(object: T, initial: boolean): void;
  updated?(before: T, after: T): void;
  deleted?(object: T): void;
  /** An optional kind came (true; its objects follow) or went (false; its objects follow, as deleted). */
  presence?(exists: boolean): void;
}

/** One kind in the shared cache. Objects are shared: never change one. */
export interface Informer<T extends KubeObject = KubeObject> {
  readonly type: ResourceType<T>;
  /** True once the first list is complete (or the kind is optional and absent). */
  readonly hasSynced: boolean;
  /** False while an optional kind's CRD is absent. */
  readonly exists: boolean;
  /** Why it is not synced or not watching now, in words; empty when all is well. */
  readonly trouble: string;
  get(key: ObjectKey): T | undefined;
  /** What `derive` returned for the object that `get` returns. */
  derived(key: ObjectKey): unknown;
  /** All objects, or those of one namespace, or those carrying all of `labels`. Order is not defined. */
  list(filter?: { namespace?: string; labels?: Readonly<Record<string, string>> }): T[];
  /** Objects for which the index function returned `value`. */
  byIndex(index: string, value: string): T[];
  /** Adds an index; existing objects are indexed at once. Adding the same name twice is an error. */
  addIndex(name: string, values: (object: T) => readonly string[]): void;
  /** Calls `added` at once for everything known. Returns the function that ends the subscription. */
  subscribe(handler: InformerHandler<T>): () => void;
  /** Read your own writes: makes the result of a write visible before its watch event comes. */
  observe(object: T): void;
  /** The same for a delete that the server has carried out at once. */
  observeDeleted(object: T): void;
}

/** All kinds of the process: one LIST/WATCH a kind and namespace, however many components read it. */
export interface SharedCache {
  /** The informer of a kind, declared on first use. Works before and after `start`. */
  informer<T extends KubeObject>(type: ResourceType<T>, options?: KindOptions<T>): Informer<T>;
  /** Starts every declared informer, and later ones as they are declared; runs until `signal` aborts. */
  start(signal: AbortSignal): void;
  /** Resolves when every informer declared so far has synced; rejects when `signal` aborts. */
  whenSynced(signal: AbortSignal): Promise<void>;
  readonly hasSynced: boolean;
  /** Kinds that have not synced or are in trouble, and why. */
  troubles(): readonly { resource: string; why: string }[];
}
