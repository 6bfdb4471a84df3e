/**
 * What is served, and where it comes from: the contract between this server and the rooms that know the objects. A
 * storage is asked after authentication and authorization, with everything parsed; it answers with objects, or throws a
 * {@linkcode StatusError}.
 */
import type { z } from "zod";
import type { KubeObject, ObjectKey, ResourceType } from "../../api/object.ts";
import type { KubeUser } from "../../identity/mod.ts";
import type { FieldReaders } from "./query/field_selector.ts";
import type { ListVersion, WatchStart } from "./query/list_options.ts";
import type { WriteOptions } from "./query/write_options.ts";
import type { ResourceVerb } from "./request_info.ts";
import type { StatusError } from "./status_errors.ts";

/** What a cell holds. Points in time are RFC 3339 in columns of the type `date`, and shown as ages. */
export type Cell = string | number | boolean | null;

/** One column of `kubectl get`. */
export interface Column<T> {
  readonly name: string;
  readonly type: "string" | "integer" | "number" | "boolean" | "date";
  /** @default {""} */
  readonly format?: string;
  readonly description: string;
  /** Columns with a priority above 0 appear with `-o wide` alone. @default {0} */
  readonly priority?: number;
  /** Must not throw for any object of the storage; undefined is an empty cell. */
  readonly value: (object: T) => Cell | undefined;
}

/** A kind that is served. */
export interface ResourceDefinition<T extends KubeObject = KubeObject> {
  readonly type: ResourceType<T>;
  readonly singular: string;
  readonly shortNames: readonly string[];
  /** Such as `coder`, for `kubectl get coder`. */
  readonly categories: readonly string[];
  /** For `kubectl explain`. */
  readonly description: string;
  /** What discovery says; others are answered with 405. */
  readonly verbs: readonly ResourceVerb[];
  /** Behind the name, which is always first. An `Age` column is not added by itself. */
  readonly columns: readonly Column<T>[];
  /** What can be selected by beside `metadata.name` and `metadata.namespace`. */
  readonly selectableFields: FieldReaders<T>;
  /** The fields beside `apiVersion`, `kind` and `metadata`, with descriptions as `src/api/field.ts` makes them. */
  readonly schema: Readonly<Record<string, z.ZodType>>;
}

/** Who asks, and what belongs to one request. */
export interface RequestContext {
  readonly user: KubeUser;
  /** Aborts when the client is gone, or the request's deadline has passed. */
  readonly signal: AbortSignal;
  /** Tells the client something that is no error, as a `Warning` header. Nothing of ours that is secret. */
  warn(text: string): void;
  /** The program that asks, as it calls itself. */
  readonly userAgent?: string | undefined;
  /** What the front door of the request has for storages that know what it is. */
  readonly carries?: object | undefined;
  /**
   * Whether the caller may do something else to the object of the request, such as to create it by an apply. Absent:
   * everything. @throws {StatusError} 403
   */
  requireVerb?(verb: ResourceVerb): Promise<void>;
}

/** Objects at one moment. Nothing of it may ever change: what was made of it is kept as long as it is. */
export interface Listing<T> {
  /**
   * In the order of `compareKeys`. The same array for the same content, wherever
   * possible: answers are kept by it.
   */
  readonly items: readonly T[];
  /** Watching from it tells every change that is not in `items`. A positive decimal number. */
  readonly resourceVersion: string;
}

/** What a change is to a watcher who comes from another replica. */
interface Doubt {
  /** The watcher may know a state of the object that is not the one before. */
  readonly isUnsure?: true;
}

/** What there was before a change. */
interface Before<T> extends Doubt {
  readonly before: T;
}

/** One change. Never changes itself; the same value should go to all watchers, as its encoded form is kept by it. */
export type Change<T> =
  | { readonly type: "ADDED"; readonly object: T } & Doubt
  | { readonly type: "MODIFIED"; readonly object: T } & Before<T>
  /** The last state; its resource version is that of the deletion. */
  | { readonly type: "DELETED"; readonly object: T } & Before<T>;

/** Told in order, and nothing after `ended`. */
export interface ChangeListener<T> {
  change(change: Change<T>): void;
  /** No more can be told; the watch ends, with an error event if there is an error. */
  ended(error?: StatusError): void;
}

/** An open watch. */
export interface WatchHandle<T> {
  /** The state at the beginning, sorted as in a listing; empty where the watch begins otherwise. */
  readonly state: readonly T[];
  /** What has happened since the asked version, in order. */
  readonly changes: readonly Change<T>[];
  /** The newest version up to which everything has been told (`state` and `changes` counted as told). */
  currentVersion(): string;
  /** Ends the subscription; the listener hears nothing more. */
  close(): void;
}

/** A watch that may be opened. */
export interface WatchSource<T> {
  /**
   * Synchronous, so that nothing is lost or told twice between `state` and what the listener hears. The listener hears
   * nothing before this has returned.
   *
   * @throws {StatusError} 410 where the asked version is too old
   */
  open(listener: ChangeListener<T>): WatchHandle<T>;
}

export interface ListQuery {
  /** Absent: all. */
  readonly namespace?: string;
  readonly version: ListVersion;
}

export interface WatchQuery {
  readonly namespace?: string;
  readonly start: WatchStart;
}

/** Something that a query may say. */
export interface QueryParameter {
  readonly name: string;
  readonly type: "string" | "integer" | "boolean";
  readonly description: string;
}

/** A part of an object with a path of its own, such as `/status` or `/log`. */
export interface Subresource<T extends KubeObject> {
  readonly verbs: readonly ResourceVerb[];
  /** Answers GET with the object, in all its forms. @param notOlderThan as for the object itself */
  get?(key: ObjectKey, context: RequestContext, notOlderThan?: string): Promise<T>;
  /** Answers GET with text as it comes. Such requests have no deadline, and count as long ones. */
  stream?(key: ObjectKey, query: URLSearchParams, context: RequestContext): Promise<TextStream>;
  /** What the query of `stream` may say, for OpenAPI. @default nothing */
  readonly parameters?: readonly QueryParameter[];
}

export interface TextStream {
  /** @default {"text/plain"} */
  readonly contentType?: string;
  /** Ends with the request's signal, too. */
  readonly chunks: AsyncIterable<string | Uint8Array>;
  /** The last that is sent where the server shuts down before the end. @default {""} */
  readonly farewell?: string;
}

/** A request that changes something. */
export interface WriteRequest {
  readonly verb: Exclude<ResourceVerb, "get" | "list" | "watch">;
  /** `name` is empty where the path has none. */
  readonly key: ObjectKey;
  readonly subresource?: string;
  readonly options: WriteOptions;
  readonly query: URLSearchParams;
  /** Of `deletecollection`: which objects; absent means all. Nobody may be asked to delete more than was authorized. */
  readonly selects?: (object: KubeObject) => boolean;
  /** Lower case, without parameters; empty where there is none. */
  readonly contentType: string;
  /** As it came, at most as large as the server allows. */
  readonly body: Uint8Array;
}

export type WriteAnswer =
  | { readonly code: 200 | 201 | 202; readonly object: KubeObject }
  /** There is no object to tell of: a `Status`, or a list of what was deleted, as it is to be sent. */
  | { readonly code: 200; readonly document: object };

/** One resource. Absent methods are answered with 405. */
export interface ResourceStorage<T extends KubeObject = KubeObject> {
  readonly definition: ResourceDefinition<T>;
  readonly subresources?: Readonly<Record<string, Subresource<T>>>;
  /**
   * @param notOlderThan a version that the answer must have reached; absent: anything that is known will do
   * @throws {StatusError} 404 where there is none, 504 where the version is not reached in time
   */
  get(key: ObjectKey, context: RequestContext, notOlderThan?: string): Promise<T>;
  /** Everything of the namespace; selectors and pages are the server's work. */
  list(query: ListQuery, context: RequestContext): Promise<Listing<T>>;
  watch(query: WatchQuery, context: RequestContext): Promise<WatchSource<T>>;
  write?(request: WriteRequest, context: RequestContext): Promise<WriteAnswer>;
}

/** A storage among others: each is only ever given what is its own. */
// deno-lint-ignore no-explicit-any -- no one type stands for storages of different kinds
export type AnyStorage = ResourceStorage<any>;
