/** The REST client: {@linkcode KubeClient} over one pool of connections. */
import {
  apiVersionOf,
  keyOf,
  keyText,
  type KubeObject,
  type ObjectKey,
  resourceText,
  type ResourceType,
} from "../../api/object.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { isRecord } from "./api_errors.ts";
import { FIELD_MANAGER } from "../applier.ts";
import { type Call, type Caller, createCaller } from "./caller.ts";
import type { CallOptions, KubeClient, ObjectList, PatchBody, WatchEvent, WriteOptions } from "../client.ts";
import type { Clock } from "../clock.ts";
import type { ClusterConnection } from "../config/connection.ts";
import { KubeConnectionError } from "../errors.ts";
import { withoutCredentials } from "./nobody.ts";
import { readUpTo } from "./read_up_to.ts";
import { resourcePath, withQuery } from "./request_path.ts";
import { createTransport, type HttpAnswer, type TransportOptions } from "./transport.ts";
import { watchEvents } from "./watch_stream.ts";

/** Options of {@linkcode createRestClient}. */
export interface RestClientOptions {
  connection: ClusterConnection;
  /** `coder-k8s/<version> (<mode>)`. @default {"coder-k8s"} */
  userAgent?: string;
  /** Calls a second, a watch counting once; 0 or less means no limit. @default {0} */
  qps?: number;
  /** Calls that may go at once after a quiet time. @default {Math.max(1, qps * 2)} */
  burst?: number;
  metrics?: Metrics;
  logger?: Logger;
  transport?: TransportOptions;
  clock?: Clock;
}

/** A client that owns its connections. */
export interface RestClient extends KubeClient {
  readonly connection: ClusterConnection;
  /**
   * Another client of the same server with connections and a rate limit of its own (none unless given): for leases,
   * which must never wait behind the controllers' calls.
   */
  separate(options?: Partial<RestClientOptions>): RestClient;
  /**
   * Another client of the same server that proves nothing: neither our token nor our certificate is ever sent, on
   * connections and with a rate limit of its own (none unless given).
   */
  nobody(options?: Partial<Omit<RestClientOptions, "connection">>): RestClient;
  /**
   * The same connections, limits and metrics with every call as somebody else: by impersonation, or by their
   * `authorization` on a client made with {@linkcode RestClient.nobody}. Costs next to nothing; closing it does nothing.
   *
   * @param identity headers with lower-case names; they go wherever this client does, and into no log and no error
   * @throws {TypeError} for an `authorization` beside credentials of our own, which could win
   */
  as(identity: Readonly<Record<string, string | string[]>>): RestClient;
  /** GET of any path as bytes, such as a pod's log; reading ends after `maxBytes`. The deadline is for all of it. */
  bytes(
    path: string,
    options: CallOptions & { readonly maxBytes: number; readonly accept?: string },
  ): Promise<{ readonly bytes: Uint8Array; readonly isCut: boolean }>;
  /** Closes all connections; calls in flight fail. */
  close(): void;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
const METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
/** Content types of patches. */
export const PATCH_TYPES: Readonly<Record<PatchBody["type"], string>> = {
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
  strategic: "application/strategic-merge-patch+json",
  // JSON is YAML, and this type is known to every server that knows server-side apply.
  apply: "application/apply-patch+yaml",
};

/** Makes a client. Nothing is connected before the first call. */
export function createRestClient(options: RestClientOptions): RestClient {
  return connect(options, { isNobody: false });
}

/** Whose calls a client makes. */
interface Identity {
  /** The connection has no credentials. */
  readonly isNobody: boolean;
  readonly headers?: Readonly<Record<string, string | string[]>>;
}

function connect(options: RestClientOptions, identity: Identity): RestClient {
  const { connection, userAgent = FIELD_MANAGER } = options;
  const transport = createTransport(connection, options.transport);
  const caller = createCaller(transport, { ...options, userAgent });
  return clientOver(options, caller, identity, () => transport.close());
}

function clientOver(
  options: RestClientOptions,
  calls: Caller,
  { isNobody, headers }: Identity,
  close: () => void,
): RestClient {
  const { connection } = options;
  const caller: Caller = headers === undefined ? calls : {
    send: (call) => calls.send({ ...call, identity: headers }),
    stream: (call) => calls.stream({ ...call, identity: headers }),
  };

  async function sendJson(call: Call): Promise<unknown> {
    return parse(await caller.send(call), call);
  }

  async function sendObject<T extends KubeObject>(call: Call): Promise<T> {
    const value = await sendJson(call);
    if (!isRecord(value) || !isRecord(value["metadata"])) throw notAnAnswer(call, "is not an object");
    return value as unknown as T;
  }

  return {
    connection,
    get: (type, key, callOptions) =>
      sendObject({
        method: "GET",
        path: objectPath(type, key),
        target: nameOf(type, key),
        ...timing(callOptions),
      }),

    async list<T extends KubeObject>(
      type: ResourceType<T>,
      listOptions: Parameters<KubeClient["list"]>[1] = {},
    ) {
      const { signal, timeoutMs, maxRetries, onWarning, namespace, metadataOnly = false, ...query } =
        listOptions;
      const call: Call = {
        method: "GET",
        path: withQuery(resourcePath(type, { namespace }), query),
        target: resourceText(type),
        accept: metadataOnly ? METADATA_LIST : "application/json",
        ...timing({ signal, timeoutMs, maxRetries, onWarning }),
      };
      return toList<T>(await sendJson(call), type, call);
    },

    create: (type, object, write) => {
      const { namespace } = keyOf(object);
      const path = resourcePath(type, {
        namespace: type.namespaced ? needNamespace(type, namespace) : "",
        ...(write?.subresource === undefined
          ? {}
          : { name: object.metadata.name ?? "", subresource: write.subresource }),
      });
      return sendObject({
        method: "POST",
        path: withQuery(path, writeQuery(write)),
        target: nameOf(type, { namespace, name: object.metadata.name ?? object.metadata.generateName ?? "" }),
        body: object,
        ...timing(write),
      });
    },

    update: (type, object, write) =>
      sendObject({
        method: "PUT",
        path: withQuery(objectPath(type, keyOf(object), write?.subresource), writeQuery(write)),
        target: nameOf(type, keyOf(object)),
        body: object,
        ...timing(write),
      }),

    patch: (type, key, patch, write) => {
      const force = patch.type === "apply" && patch.force ? { force: true } : {};
      return sendObject({
        method: "PATCH",
        path: withQuery(objectPath(type, key, write?.subresource), { ...writeQuery(write), ...force }),
        target: nameOf(type, key),
        contentType: PATCH_TYPES[patch.type],
        body: patch.body,
        idempotent: patch.type === "apply",
        ...timing(write),
      });
    },

    async delete(type, key, deleteOptions = {}) {
      const { preconditions, propagationPolicy, gracePeriodSeconds, dryRun } = deleteOptions;
      await caller.send({
        method: "DELETE",
        path: objectPath(type, key),
        target: nameOf(type, key),
        body: {
          apiVersion: "v1",
          kind: "DeleteOptions",
          preconditions,
          propagationPolicy,
          gracePeriodSeconds,
          ...(dryRun ? { dryRun: ["All"] } : {}),
        },
        ...timing(deleteOptions),
      });
    },

    async watch<T extends KubeObject>(type: ResourceType<T>, watch: Parameters<KubeClient["watch"]>[1] = {}) {
      const { signal, namespace, metadataOnly = false, allowBookmarks = true, ...query } = watch;
      const path = resourcePath(type, { namespace });
      const stream = await caller.stream({
        method: "GET",
        path: withQuery(path, { watch: true, allowWatchBookmarks: allowBookmarks, ...query }),
        target: `watch of ${resourceText(type)}`,
        accept: metadataOnly ? METADATA : "application/json",
        ...timing({ signal }),
      });
      const events = watchEvents<T>(stream, { method: "GET", path }, signal);
      return metadataOnly ? withType(events, type) : events;
    },

    async raw(method, path, rawOptions = {}) {
      const { body, accept } = rawOptions;
      const call: Call = {
        method,
        path,
        target: path.split("?", 1)[0] ?? path,
        ...(accept === undefined ? {} : { accept }),
        ...(body === undefined ? {} : { body }),
        ...timing(rawOptions),
      };
      return await sendJson(call);
    },

    async bytes(path, { maxBytes, accept = "*/*", ...rest }) {
      const { signal, timeoutMs, maxRetries } = timing(rest);
      const late = new AbortController();
      const timer = setTimeout(() => late.abort(), timeoutMs);
      const target = path.split("?", 1)[0] ?? path;
      const both = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]);
      try {
        const stream = await caller.stream({
          method: "GET",
          path,
          target,
          accept,
          signal: both,
          timeoutMs,
          maxRetries,
        });
        return await readUpTo(stream.body, maxBytes);
      } catch (error) {
        if (!late.signal.aborted || signal?.aborted === true) throw error;
        const call = { method: "GET", path: target };
        const message = `GET ${target}: no whole answer within ${timeoutMs} ms`;
        throw new KubeConnectionError(message, call, { cause: error, timedOut: true });
      } finally {
        clearTimeout(timer);
      }
    },

    separate: (changes = {}) => {
      const { qps: _qps, burst: _burst, ...rest } = options;
      return connect({ ...rest, ...changes }, { isNobody, ...(headers === undefined ? {} : { headers }) });
    },
    nobody: (changes = {}) => {
      const { qps: _qps, burst: _burst, ...rest } = options;
      return connect({ ...rest, ...changes, connection: withoutCredentials(connection) }, { isNobody: true });
    },
    as: (identity) => {
      const merged = { ...headers, ...identity };
      if (!isNobody && Object.keys(merged).some((name) => name.toLowerCase() === "authorization")) {
        throw new TypeError(
          "This client has credentials of its own: somebody's token needs one of nobody().",
        );
      }
      return clientOver(options, calls, { isNobody, headers: merged }, () => {});
    },
    close,
  };
}

function objectPath(type: ResourceType, key: ObjectKey, subresource?: string): string {
  const namespace = type.namespaced ? needNamespace(type, key.namespace) : "";
  return resourcePath(type, { namespace, name: key.name, subresource });
}

function needNamespace(type: ResourceType, namespace: string): string {
  if (namespace !== "") return namespace;
  throw new TypeError(`An object of ${resourceText(type)} needs a namespace, and none was given.`);
}

function nameOf(type: ResourceType, key: ObjectKey): string {
  return `${resourceText(type)} "${keyText(key)}"`;
}

function timing({ signal, timeoutMs = DEFAULT_TIMEOUT_MS, maxRetries, onWarning }: Timing = {}) {
  return { signal, timeoutMs, maxRetries, onWarning };
}

type Timing = { readonly [K in keyof CallOptions]?: CallOptions[K] | undefined };

function writeQuery(options: WriteOptions = {}): { fieldManager: string; dryRun?: string } {
  return {
    fieldManager: options.fieldManager ?? FIELD_MANAGER,
    ...(options.dryRun ? { dryRun: "All" } : {}),
  };
}

function parse(answer: HttpAnswer, call: Call): unknown {
  if (answer.body === "") return undefined;
  try {
    return JSON.parse(answer.body);
  } catch (cause) {
    // Text endpoints such as /healthz and /metrics.
    if (!String(answer.headers["content-type"] ?? "").includes("json")) return answer.body;
    throw notAnAnswer(call, "is not JSON", cause);
  }
}

function toList<T extends KubeObject>(value: unknown, type: ResourceType<T>, call: Call): ObjectList<T> {
  const metadata = isRecord(value) && isRecord(value["metadata"]) ? value["metadata"] : undefined;
  const items = isRecord(value) ? value["items"] ?? [] : undefined;
  if (metadata === undefined || !Array.isArray(items)) throw notAnAnswer(call, "is not a list");
  const { resourceVersion, continue: next, remainingItemCount } = metadata;
  return {
    items: items.filter(isRecord).map((item) => setType(item as unknown as T, type)),
    resourceVersion: typeof resourceVersion === "string" ? resourceVersion : "",
    ...(typeof next === "string" && next !== "" ? { continue: next } : {}),
    ...(typeof remainingItemCount === "number" ? { remainingItemCount } : {}),
  };
}

/** Items of lists come without their type, and metadata-only objects as `PartialObjectMetadata`: both get the real one. */
function setType<T extends KubeObject>(object: T, type: ResourceType<T>): T {
  object.apiVersion = apiVersionOf(type);
  object.kind = type.kind;
  return object;
}

async function* withType<T extends KubeObject>(
  events: AsyncIterable<WatchEvent<T>>,
  type: ResourceType<T>,
): AsyncGenerator<WatchEvent<T>> {
  for await (const event of events) {
    if (event.type !== "ERROR") setType(event.object as T, type);
    yield event;
  }
}

function notAnAnswer(call: Call, what: string, cause?: unknown): KubeConnectionError {
  const description = { method: call.method, path: call.path.split("?", 1)[0] ?? call.path };
  return new KubeConnectionError(`${call.method} ${call.target}: the server's answer ${what}`, description, {
    cause,
  });
}
