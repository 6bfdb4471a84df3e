/**
 * One pooled HTTP client for one API server. `node:https` because `fetch` can neither override the server name, skip
 * verification nor tunnel through a proxy for one host alone.
 */
import { Buffer } from "node:buffer";
import type http from "node:http";
import { Readable } from "node:stream";
import { type AgentPair, createAgents } from "./agents.ts";
import { LONGEST_TIMER_MS } from "../clock.ts";
import type { ClusterConnection, Credentials } from "../config/connection.ts";
import { connectionError } from "./connection_errors.ts";

export interface HttpRequest {
  method: string;
  /** With query; appended to the server's base path. */
  path: string;
  /** Those of several values are sent several times. Credentials of the connection win. */
  headers?: Readonly<Record<string, string | string[]>>;
  /** A text, or what is written piece by piece; then `size` is the bytes of all chunks. */
  body?: string | { readonly size: number; chunks(): Iterable<Uint8Array> };
  signal?: AbortSignal | undefined;
  /** For `send` the deadline of the whole exchange, for `stream` of the response headers, in milliseconds. */
  timeoutMs: number;
  /** Of `send`: how the answer's bytes become a text; as `latin1`, each is one character. @default {"utf8"} */
  encoding?: "utf8" | "latin1";
}

export interface HttpAnswer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
}

export interface HttpStream {
  status: number;
  headers: http.IncomingHttpHeaders;
  /** Ends with the response and throws when the connection breaks; leaving the loop closes the socket. */
  body: AsyncIterable<Uint8Array>;
  /** Closes the socket. */
  cancel(): void;
}

/** Sends requests to one API server. Every failure is a {@linkcode KubeConnectionError}. */
export interface Transport {
  /** `host:port`, the label of metrics. */
  readonly host: string;
  readonly connection: ClusterConnection;
  /** A whole exchange over the pool. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** A response read as it comes, on a connection of its own, so that long watches do not use up the pool. */
  stream(request: HttpRequest): Promise<HttpStream>;
  /** Closes all connections; calls in flight fail. */
  close(): void;
}

export interface TransportOptions {
  /** Connections for calls other than streams. @default {32} */
  maxSockets?: number;
  /** Larger response bodies are an error, in bytes. @default {268_435_456} */
  maxResponseBytes?: number;
}

/** Makes the client. Nothing is connected before the first call. */
export function createTransport(connection: ClusterConnection, options: TransportOptions = {}): Transport {
  const { maxSockets = 32, maxResponseBytes = 256 * 1024 * 1024 } = options;
  const base = connection.server.pathname.replace(/\/+$/, "");
  let agents: AgentPair | undefined;
  let agentsFor: Credentials["tls"] | undefined;
  let closed = false;

  function agentsOf(tls: Credentials["tls"]): AgentPair {
    if (agents === undefined || agentsFor !== tls) {
      // A rotated client certificate needs new connections; exchanges in flight keep theirs until they end.
      agents?.retire();
      agents = createAgents(connection, tls, maxSockets);
      agentsFor = tls;
    }
    return agents;
  }

  /** Sends and resolves at the response headers. `done` ends the deadline and must be called exactly once. */
  async function open(
    request: HttpRequest,
    pooled: boolean,
  ): Promise<{ response: http.IncomingMessage; outgoing: http.ClientRequest; guard: Guard }> {
    const guard = guardOf(request);
    try {
      if (closed) throw new Error("this client is closed");
      const credentials = await guard.race(connection.credentials(request.signal));
      for (let retried = false;; retried = true) {
        const pair = agentsOf(credentials.tls);
        const sent = pair.request({
          method: request.method,
          path: base + request.path,
          headers: { ...request.headers, ...credentials.headers, ...lengthOf(request) },
        }, pooled);
        const { outgoing } = sent;
        guard.outgoing = outgoing;
        try {
          const response = await guard.race(responseOf(outgoing, request.body));
          return { response, outgoing, guard };
        } catch (error) {
          // The server closed an idle connection just as it was picked: nothing was answered, reading again is safe.
          const stale = sent.reused && isReset(error) && request.method === "GET";
          if (!stale || retried || guard.ended) throw error;
          pair.dropIdle();
        }
      }
    } catch (error) {
      guard.end();
      throw connectionError(error, request, connection, guard.timedOut);
    }
  }

  return {
    host: connection.server.host,
    connection,
    async send(request) {
      const { response, outgoing, guard } = await open(request, true);
      try {
        const body = await guard.race(readAll(response, maxResponseBytes, request.encoding));
        return { status: response.statusCode ?? 0, headers: response.headers, body };
      } catch (error) {
        outgoing.destroy();
        throw connectionError(error, request, connection, guard.timedOut);
      } finally {
        guard.end();
      }
    },
    async stream(request) {
      const { response, outgoing, guard } = await open(request, false);
      guard.stopTimer();
      return {
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: bodyOf(response, request, connection, guard),
        cancel() {
          guard.end();
          outgoing.destroy();
        },
      };
    },
    close() {
      closed = true;
      agents?.close();
    },
  };
}

/** The deadline and the abort signal of one call, without leaving timers or listeners behind. */
interface Guard {
  outgoing: http.ClientRequest | undefined;
  readonly timedOut: boolean;
  readonly ended: boolean;
  race<T>(promise: Promise<T>): Promise<T>;
  stopTimer(): void;
  end(): void;
}

function guardOf(request: HttpRequest): Guard {
  const { signal, timeoutMs } = request;
  const { promise: interrupted, reject } = Promise.withResolvers<never>();
  interrupted.catch(() => {});
  let timedOut = false;
  let ended = false;
  const stop = (reason: unknown) => {
    guard.end();
    reject(reason);
    // A request that still waits for a socket reacts to `destroy` only once it gets one; hence the race.
    guard.outgoing?.destroy(reason instanceof Error ? reason : new Error(String(reason)));
  };
  const onAbort = () => stop(signal?.reason);
  const timer = setTimeout(() => {
    timedOut = true;
    stop(new Error(`no answer within ${timeoutMs} ms`));
  }, Math.min(timeoutMs, LONGEST_TIMER_MS));
  signal?.addEventListener("abort", onAbort, { once: true });
  const guard: Guard = {
    outgoing: undefined,
    get timedOut() {
      return timedOut;
    },
    get ended() {
      return ended;
    },
    race: (promise) => {
      promise.catch(() => {});
      return Promise.race([promise, interrupted]);
    },
    stopTimer: () => clearTimeout(timer),
    end() {
      ended = true;
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    },
  };
  if (signal?.aborted) onAbort();
  return guard;
}

function responseOf(
  outgoing: http.ClientRequest,
  body: HttpRequest["body"],
): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once("response", resolve);
    // Stays for the request's life: an error after the response must not become an uncaught exception.
    outgoing.on("error", reject);
    if (body === undefined || typeof body === "string") outgoing.end(body);
    else Readable.from(body.chunks()).on("error", (error) => outgoing.destroy(error)).pipe(outgoing);
  });
}

async function readAll(
  response: http.IncomingMessage,
  limit: number,
  encoding: "utf8" | "latin1" = "utf8",
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > limit) throw new Error(`the response is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size).toString(encoding);
}

async function* bodyOf(
  response: http.IncomingMessage,
  request: HttpRequest,
  connection: ClusterConnection,
  guard: Guard,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of response) yield chunk;
  } catch (error) {
    throw connectionError(
      request.signal?.aborted ? request.signal.reason : error,
      request,
      connection,
      false,
    );
  } finally {
    guard.end();
    response.destroy();
    guard.outgoing?.destroy();
  }
}

function lengthOf(request: HttpRequest): Record<string, string> {
  const { body } = request;
  if (body !== undefined) {
    return { "content-length": String(typeof body === "string" ? Buffer.byteLength(body) : body.size) };
  }
  return request.method === "GET" ? {} : { "content-length": "0" };
}

function isReset(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code;
  return code === "ECONNRESET" || code === "EPIPE" || code === "ECONNABORTED";
}
