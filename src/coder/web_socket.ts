/** WebSockets to Coder: opened with headers and certificates, read no faster than they are used, never silent for long. */
import { Buffer } from "node:buffer";
import type http from "node:http";
import { startDeadline } from "./deadline.ts";
import { ReadWindow } from "./read_window.ts";
import type { TransportAnswer } from "./transport_answer.ts";
import { TransportFailure } from "./transport_failure.ts";
import type { newWebSocket, WsOptions, WsSocket } from "./ws_library.ts";

/** A request to open one. */
export interface SocketRequest {
  /** With query; appended to the base path. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Until it is open, in milliseconds. */
  readonly timeoutMs: number;
}

/** Where, and under which credentials of the connection. */
export interface SocketTarget extends Pick<WsOptions, "ca" | "cert" | "key" | "servername"> {
  readonly rejectUnauthorized?: boolean | undefined;
  /** Node's `createConnection`, to go through a proxy. */
  readonly createConnection?: unknown;
  /** With the whole path and query. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | string[]>>;
}

/** How one ended. */
export interface SocketEnd {
  /** 1006 where the connection broke. */
  readonly code: number;
  readonly reason: string;
}

/** One that is open. */
export interface Socket {
  /** In order; ends with the socket. For one reader; who leaves the loop closes the socket. */
  readonly messages: AsyncIterable<Uint8Array>;
  /** Never rejects. */
  readonly closed: Promise<SocketEnd>;
  /** Sends one binary message. Resolves when it is written; rejects where the socket is closed by then. */
  send(message: Uint8Array): Promise<void>;
  /** Says good-bye and forgets what was not read. Twice is no more than once. */
  close(): void;
}

/** An open socket, or what the server said instead. */
export type SocketAnswer =
  | { readonly socket: Socket; readonly refused?: undefined }
  | { readonly refused: TransportAnswer; readonly socket?: undefined };

export interface SocketOptions {
  /** Reading stops while so many bytes wait for their reader; each message counts for 256 more. @default {262_144} */
  readonly windowBytes?: number;
  /** A ping is sent so often, in milliseconds. @default {15_000} */
  readonly pingMs?: number;
  /** Nothing heard for so long, pongs included: the connection is taken for broken. @default {60_000} */
  readonly silenceMs?: number;
  /** Begins to open one. @default {that of `ws_library.ts`} */
  readonly newWebSocket?: typeof newWebSocket;
}

const BROKEN = 1006;
const LARGEST_MESSAGE = 16 * 2 ** 20;
const LARGEST_REFUSAL = 256 * 2 ** 10;

/** The sockets of one transport. */
export interface Sockets {
  /** Throws {@linkcode TransportFailure} where there is no answer. */
  open(target: SocketTarget, request: Pick<SocketRequest, "signal" | "timeoutMs">): Promise<SocketAnswer>;
  /** Closes all of them. */
  close(): void;
}

export function createSockets(options: SocketOptions = {}): Sockets {
  const live = new Set<Socket>();
  let closed = false;
  return {
    async open(target, request) {
      const answer = await openSocket(target, request, options);
      const { socket } = answer;
      if (socket !== undefined) {
        live.add(socket);
        socket.closed.then(() => live.delete(socket));
        if (closed) socket.close();
      }
      return answer;
    },
    close() {
      closed = true;
      for (const socket of [...live]) socket.close();
    },
  };
}

/** Opens one. Redirects are not followed: the token goes to this address alone. */
async function openSocket(
  { url, headers, ...connection }: SocketTarget,
  request: Pick<SocketRequest, "signal" | "timeoutMs">,
  options: SocketOptions,
): Promise<SocketAnswer> {
  const deadline = startDeadline(request.timeoutMs, request.signal);
  let raw: WsSocket | undefined;
  try {
    const begin = options.newWebSocket ?? (await deadline.race(import("./ws_library.ts"))).newWebSocket;
    raw = begin(url, {
      ...present(connection),
      headers,
      followRedirects: false,
      perMessageDeflate: false,
      maxPayload: LARGEST_MESSAGE,
      closeTimeout: 2_000,
    });
    const opened = answered(raw, options);
    opened.catch(() => {});
    return await deadline.race(opened);
  } catch (error) {
    raw?.terminate();
    throw TransportFailure.of(error, deadline.over, true, request);
  } finally {
    deadline.end();
  }
}

function answered(raw: WsSocket, options: SocketOptions): Promise<SocketAnswer> {
  return new Promise((resolve, reject) => {
    let socket: Socket | undefined;
    // Stays for the socket's life: an error that nobody listens for would end the process.
    raw.on("error", reject);
    raw.on("upgrade", ({ socket: connection }) => connection.setNoDelay?.(true));
    raw.on("unexpected-response", (request, response) => {
      refusal(response).then((refused) => resolve({ refused }), reject).finally(() => request.destroy());
    });
    raw.on("close", () => {
      if (socket === undefined) {
        reject(new TransportFailure("connectionBroken", "the connection ended", true));
      }
    });
    // Made before it is open: the first message may come with the answer.
    const made = socketOf(raw, options);
    raw.on("open", () => resolve({ socket: socket = made }));
  });
}

function socketOf(raw: WsSocket, options: SocketOptions): Socket {
  const { windowBytes = 256 * 2 ** 10, pingMs = 15_000, silenceMs = 60_000 } = options;
  const end = Promise.withResolvers<SocketEnd>();
  const unread = new ReadWindow(windowBytes);
  let paused = false;
  let over = false;
  let heard = performance.now();
  let wake: (() => void) | undefined;
  let trouble = "";
  let timer: ReturnType<typeof setInterval> | undefined;

  const rouse = () => {
    wake?.();
    wake = undefined;
  };
  const finish = (answer: SocketEnd) => {
    over = true;
    clearInterval(timer);
    end.resolve(answer);
    rouse();
  };
  raw.on("error", (error) => trouble = error.message);
  raw.on("pong", () => heard = performance.now());
  raw.on("open", () => {
    heard = performance.now();
    timer = setInterval(() => {
      // What is not read, pongs included, cannot be heard.
      if (paused) heard = performance.now();
      if (performance.now() - heard > silenceMs) {
        trouble = `nothing was heard for ${Math.round(silenceMs / 1_000)} s`;
        raw.terminate();
      } else raw.ping();
    }, pingMs);
  });
  raw.on("message", (data) => {
    heard = performance.now();
    if (over || data.byteLength === 0) return;
    unread.push(data);
    if (unread.isFull && !paused) {
      paused = true;
      raw.pause();
    }
    rouse();
  });
  raw.on("close", (code, reason) => {
    const said = Buffer.from(reason).toString();
    finish({ code, reason: said === "" && code === BROKEN ? trouble : said });
  });

  function resume(): void {
    if (!paused) return;
    paused = false;
    heard = performance.now();
    raw.resume();
  }

  function close(): void {
    if (over) return;
    unread.clear();
    finish({ code: 1000, reason: "" });
    resume();
    raw.close(1000);
  }

  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      while (true) {
        const next = unread.take();
        if (next !== undefined) {
          if (unread.hasRoom) resume();
          yield next;
        } else if (over) return;
        else await new Promise<void>((resolve) => wake = resolve);
      }
    } finally {
      close();
    }
  }

  return {
    messages: read(),
    closed: end.promise,
    send: (message) =>
      new Promise((resolve, reject) => {
        const broken = () => reject(new TransportFailure("closed", "this terminal is closed", false));
        if (over) return broken();
        raw.send(message, { binary: true }, (error) => error ? broken() : resolve());
      }),
    close,
  };
}

async function refusal(response: http.IncomingMessage): Promise<TransportAnswer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    chunks.push(chunk);
    if (size > LARGEST_REFUSAL) break;
  }
  const body = Buffer.concat(chunks).toString();
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

function present<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
