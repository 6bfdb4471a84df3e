/** The contract between the caller's cluster and kinds that this process answers without the API server. */
import type { KubeObject, ObjectKey, ResourceType } from "../../api/object.ts";
import type { KubeUser } from "../../identity/mod.ts";
import type {
  DeleteOptions,
  ListOptions,
  ObjectList,
  PatchBody,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from "../../kube/client.ts";
import type { Informer } from "../../kube/informer.ts";
import type { TextAnswer, TextOptions } from "../../caller/types.ts";

/** A kind in the shared watch cache. Reads are answered from it after an access review. */
export interface CachedKind {
  readonly type: ResourceType;
  /** Those that are watched; empty: all. */
  readonly namespaces: readonly string[];
  readonly informer: Pick<
    Informer<KubeObject>,
    "hasSynced" | "exists" | "trouble" | "get" | "list" | "observe" | "subscribe"
  >;
}

/** Who asks, and until when. */
export interface LocalCall {
  readonly user: KubeUser;
  readonly signal: AbortSignal;
  /** Something that the reader should know, no error. */
  warn(text: string): void;
}

/**
 * A kind that this process serves itself, whole. It reviews what the caller may, and rejects with `KubeApiError` as a
 * client of the API server would.
 */
export interface ServedKind {
  readonly type: ResourceType;
  get(key: ObjectKey, call: LocalCall): Promise<KubeObject>;
  list(options: ListOptions, call: LocalCall): Promise<ObjectList<KubeObject>>;
  /** Ends with the signal of the options; that of `call` is for the beginning alone. */
  watch(options: WatchOptions, call: LocalCall): Promise<AsyncIterable<WatchEvent<KubeObject>>>;
  create(object: KubeObject, options: WriteOptions, call: LocalCall): Promise<KubeObject>;
  update(object: KubeObject, options: WriteOptions, call: LocalCall): Promise<KubeObject>;
  patch(key: ObjectKey, patch: PatchBody, options: WriteOptions, call: LocalCall): Promise<KubeObject>;
  delete(key: ObjectKey, options: DeleteOptions, call: LocalCall): Promise<void>;
  text(key: ObjectKey, subresource: string, options: TextOptions, call: LocalCall): Promise<TextAnswer>;
  /** What lists lack now, one sentence each. */
  missing(namespace: string | undefined): readonly string[];
}

/** By `group/plural`. */
export function kindId({ group, plural }: ResourceType): string {
  return `${group}/${plural}`;
}
