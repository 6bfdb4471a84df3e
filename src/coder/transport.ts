/** How requests reach one Coder deployment. Injected, so that it can go through the API server's service proxy. */
import { Buffer } from "node:buffer";
import type http from "node:http";
import { Readable } from "node:stream";
import { type BaseUrl, parseAddress } from "./address.ts";
import { createConnections } from "./connections.ts";
import { startDeadline } from "./deadline.ts";
import type { TransportAnswer } from "./transport_answer.ts";
import { isBroken, TransportFailure } from "./transport_failure.ts";
import { createSockets, type SocketAnswer, type SocketRequest } from "./web_socket.ts";

/** A body that is written piece by piece, such as an archive that is never in one piece here. */
export interface BodySource {
  /** In bytes; exactly what the chunks have together. */
  readonly size: number;
  chunks(): Iterable<Uint8Array>;
}

/** One request. */
export interface TransportRequest {
  readonly method: string;
  /** With query; appended to the base path. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | BodySource;
  readonly signal?: AbortSignal | undefined;
  /** Deadline of the whole exchange, in milliseconds. */
  readonly timeoutMs: number;
  /** How the answer's bytes become a text: as `latin1`, each is one character, and none is lost. @default {"utf8"} */
  readonly encoding?: "utf8" | "latin1";
}

export type { TransportAnswer };

/** Sends requests to one deployment. Never follows redirects: the token goes to this address alone. */
export interface CoderTransport {
  /** Where requests go, for messages. */
  readonly address: string;
  /** A whole exchange. Throws {@linkcode TransportFailure} where there is no complete answer. */
  send(request: TransportRequest): Promise<TransportAnswer>;
  /** Opens a WebSocket. Throws {@linkcode TransportFailure} where there is no answer. Absent: this way carries none. */
  connect?(request: SocketRequest): Promise<SocketAnswer>;
  /** Closes all connections; calls in flight fail. */
  close(): void;
}

export interface TransportOptions {
  /** `https://host[:port][/base]`; the base path is kept. */
  url: string;
  /** PEM certificates to trust, in place of the system's. */
  ca?: string | undefined;
  /** Name to ask for and to verify in the server's certificate, in place of the host. */
  tlsServerName?: string | undefined;
  /** Connections at a time. @default {8} */
  maxSockets?: number;
  /** Idle connections are closed after this many milliseconds. @default {90_000} */
  idleMs?: number;
  /** Larger response bodies are an error, in bytes. @default {67_108_864} */
  maxResponseBytes?: number;
}

/** The direct way: pooled connections to `url`. Nothing is connected before the first request. */
export function createTransport(options: TransportOptions): CoderTransport {
  const { maxSockets = 8, idleMs = 90_000, maxResponseBytes = 64 * 1024 * 1024 } = options;
  const base = parseAddress(options.url);
  const connections = createConnections({
    url: base.url,
    ca: options.ca,
    tlsServerName: options.tlsServerName,
    maxSockets,
    idleMs,
  });
  const sockets = createSockets();
  let closed = false;

  return {
    address: base.text,
    async send(request) {
      if (closed) throw new TransportFailure("closed", "this connection to Coder is closed", false);
      const deadline = startDeadline(request.timeoutMs, request.signal);
      try {
        for (let again = false;; again = true) {
          const sent = connections.open(requestOptions(base, request), request.method === "GET");
          const stop = () => sent.outgoing.destroy();
          deadline.signal.addEventListener("abort", stop, { once: true });
          try {
            const response = await deadline.race(responseOf(sent.outgoing, request.body));
            const body = await deadline.race(readAll(response, maxResponseBytes, request.encoding));
            return { status: response.statusCode ?? 0, headers: response.headers, body };
          } catch (error) {
            sent.outgoing.destroy();
            // The server closed an idle connection just as it was picked: nothing was answered, reading again is safe.
            const stale = sent.reused && request.method === "GET" && isBroken(error);
            if (stale && !again && !deadline.over) {
              connections.dropIdle();
              continue;
            }
            // Whatever swallowed this request swallows those on its sister connections too.
            if (deadline.over === "timeout") connections.dropIdle();
            throw TransportFailure.of(error, deadline.over, sent.connected, request);
          } finally {
            deadline.signal.removeEventListener("abort", stop);
          }
        }
      } finally {
        deadline.end();
      }
    },
    async connect(request) {
      if (closed) throw new TransportFailure("closed", "this connection to Coder is closed", false);
      const url = new URL(base.basePath + request.path, base.url);
      const { ca, tlsServerName: servername } = options;
      return await sockets.open({ url, headers: request.headers, ca, servername }, request);
    },
    close() {
      closed = true;
      sockets.close();
      connections.close();
    },
  };
}

function requestOptions(base: BaseUrl, request: TransportRequest): http.RequestOptions {
  const length = request.body === undefined
    ? (request.method === "GET" ? {} : { "content-length": "0" })
    : { "content-length": String(sizeOf(request.body)) };
  return {
    method: request.method,
    path: base.basePath + request.path,
    headers: { ...request.headers, ...length },
  };
}

function sizeOf(body: string | BodySource): number {
  return typeof body === "string" ? Buffer.byteLength(body) : body.size;
}

function responseOf(
  outgoing: http.ClientRequest,
  body: TransportRequest["body"],
): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once("response", resolve);
    // Stays for the request's life: an error after the response must not become an uncaught exception.
    outgoing.on("error", reject);
    outgoing.once(
      "close",
      () => reject(new TransportFailure("connectionBroken", "the connection ended", true)),
    );
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
    if (size > limit) {
      throw new TransportFailure("tooLarge", `the answer is larger than ${limit} bytes`, true);
    }
    chunks.push(chunk);
  }
  if (!response.complete) {
    throw new TransportFailure("connectionBroken", "the connection ended in the middle of the answer", true);
  }
  return Buffer.concat(chunks, size).toString(encoding);
}
