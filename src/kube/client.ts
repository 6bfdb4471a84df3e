/** The REST contract that the rest of the house is written against. `rest_client.ts` implements it. */
import type { KubeObject, ObjectKey, ResourceType } from "../api/object.ts";

/** Options of every call. */
export interface CallOptions {
  /** Ends the call; its reason becomes the error's cause. */
  signal?: AbortSignal;
  /** Deadline of the whole call, waiting for the rate limit included, in milliseconds. @default {30_000} */
  timeoutMs?: number;
  /** How often the wait that a refusal names is waited for; 0 where somebody waits. @default {10} */
  maxRetries?: number;
  /** Hears what the server warns of, one text at a time. Must not throw. */
  onWarning?: (text: string) => void;
}

/** Which objects a list or a watch covers. */
export interface Selection {
  /** One namespace; absent means all of them, and cluster-scoped kinds. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

export interface ListOptions extends CallOptions, Selection {
  /** Page size. Absent: the server's choice (everything). */
  limit?: number;
  /** The token of the next page. */
  continue?: string;
  resourceVersion?: string;
  resourceVersionMatch?: "Exact" | "NotOlderThan";
  /** Ask for `PartialObjectMetadata` only. @default {false} */
  metadataOnly?: boolean;
}

/** One page. */
export interface ObjectList<T> {
  items: T[];
  /** Opaque; only ever handed back. */
  resourceVersion: string;
  /** Present while there are more pages. */
  continue?: string;
  remainingItemCount?: number;
}

export interface WriteOptions extends CallOptions {
  /** @default {"coder-k8s"} */
  fieldManager?: string;
  dryRun?: boolean;
  /** A subresource such as `status` or `scale`. */
  subresource?: string;
}

export interface DeleteOptions extends CallOptions {
  /** Refuses with 409 when the live object differs. */
  preconditions?: { uid?: string; resourceVersion?: string };
  propagationPolicy?: "Foreground" | "Background" | "Orphan";
  gracePeriodSeconds?: number;
  dryRun?: boolean;
}

/** What a PATCH carries. */
export type PatchBody =
  | { type: "merge"; body: unknown }
  | { type: "json"; body: readonly JsonPatchOperation[] }
  | { type: "strategic"; body: unknown }
  /** Server-side apply. */
  | { type: "apply"; body: unknown; force?: boolean };

/** RFC 6902. */
export type JsonPatchOperation =
  | { op: "add" | "replace" | "test"; path: string; value: unknown }
  | { op: "remove"; path: string }
  | { op: "move" | "copy"; from: string; path: string };

export interface WatchOptions extends Selection {
  signal?: AbortSignal;
  /** Opaque; absent starts at "now" with synthetic ADDED events. */
  resourceVersion?: string;
  /** @default {true} */
  allowBookmarks?: boolean;
  /** WatchList: the server streams the initial state, then an annotated bookmark. */
  sendInitialEvents?: boolean;
  resourceVersionMatch?: "NotOlderThan";
  /** How long the server keeps the watch open, in seconds. */
  timeoutSeconds?: number;
  metadataOnly?: boolean;
}

/** One line of a watch. */
export type WatchEvent<T> =
  | { type: "ADDED" | "MODIFIED" | "DELETED"; object: T }
  | { type: "BOOKMARK"; object: KubeObject }
  | { type: "ERROR"; object: unknown };

/** Typed access to one API server. Every method throws {@linkcode KubeApiError} for an answer that is not 2xx. */
export interface KubeClient {
  get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, options?: CallOptions): Promise<T>;
  list<T extends KubeObject>(type: ResourceType<T>, options?: ListOptions): Promise<ObjectList<T>>;
  create<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<T>;
  /** PUT; the object's resource version is the precondition. */
  update<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<T>;
  patch<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    patch: PatchBody,
    options?: WriteOptions,
  ): Promise<T>;
  delete(type: ResourceType, key: ObjectKey, options?: DeleteOptions): Promise<void>;
  /**
   * Opens a watch. The promise settles once the server has answered (so that a refusal is an error of the call, not
   * of the stream); iterating ends when the server closes it and throws when the connection breaks.
   */
  watch<T extends KubeObject>(
    type: ResourceType<T>,
    options?: WatchOptions,
  ): Promise<AsyncIterable<WatchEvent<T>>>;
  /** Any other path, parsed JSON in and out: discovery, `/version`, reviews. */
  raw(
    method: string,
    path: string,
    options?: CallOptions & { body?: unknown; accept?: string },
  ): Promise<unknown>;
}
