/** For tests: directories, a log that is kept, counters that are kept, and servers that answer what they are told. */
import type { LogFields, Logger } from "../../../telemetry/logger.ts";
import type { Metrics } from "../../../telemetry/metrics.ts";

export interface Kept {
  readonly log: Logger;
  readonly lines: { readonly message: string; readonly fields: LogFields }[];
  readonly metrics: Metrics;
  /** Sums by `name{label values}`. */
  readonly counted: Map<string, number>;
}

export function keeping(): Kept {
  const lines: { message: string; fields: LogFields }[] = [];
  const line = (message: string, fields: LogFields = {}) => void lines.push({ message, fields });
  const log: Logger = { debug: line, info: line, warn: line, error: line, child: () => log };
  const counted = new Map<string, number>();
  const of = (name: string) => {
    const add = (labels: Readonly<Record<string, string>> = {}, value = 1) => {
      const key = `${name}{${Object.values(labels).join()}}`;
      counted.set(key, (counted.get(key) ?? 0) + value);
    };
    return {
      inc: add,
      dec: (labels: Readonly<Record<string, string>>) => add(labels, -1),
      set: () => {},
      remove: () => {},
      observe: () => {},
    };
  };
  return { log, lines, metrics: { counter: of, gauge: of, histogram: of }, counted };
}

export async function temporaryDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempDir({ prefix: "egress-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

export interface Site extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** What was asked, in order. */
  readonly requests: { readonly method: string; readonly path: string; readonly headers: Headers }[];
  /** By path and query; what has no answer is not found. */
  readonly answers: Map<string, (request: Request) => Response | Promise<Response>>;
}

/** A server of HTTP on the loopback. */
export function startSite(): Site {
  const requests: { method: string; path: string; headers: Headers }[] = [];
  const answers: Site["answers"] = new Map();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {}, onError }, (request) => {
    const { pathname, search } = new URL(request.url);
    requests.push({ method: request.method, path: pathname + search, headers: request.headers });
    return answers.get(pathname + search)?.(request) ?? new Response("nothing here", { status: 404 });
  });
  return {
    port: server.addr.port,
    url: `http://127.0.0.1:${server.addr.port}`,
    requests,
    answers,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A server of raw bytes on the loopback: what came on each connection, and what it says to it. */
export function startRawSite(
  serve: (connection: Deno.TcpConn, heard: (bytes: Uint8Array) => void) => Promise<void>,
): AsyncDisposable & { readonly port: number; readonly heard: string[] } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const heard: string[] = [];
  const open = new Set<Deno.Conn>();
  const accept = (async () => {
    for await (const connection of listener) {
      open.add(connection);
      const index = heard.push("") - 1;
      const hear = (bytes: Uint8Array) => void (heard[index] += new TextDecoder("latin1").decode(bytes));
      void serve(connection, hear).catch(() => {}).finally(() => {
        open.delete(connection);
        close(connection);
      });
    }
  })().catch(() => {});
  return {
    port: listener.addr.port,
    heard,
    [Symbol.asyncDispose]: async () => {
      listener.close();
      open.forEach(close);
      await accept;
    },
  };
}

/** Writes `text`, closes for writing, and reads everything that comes. */
export async function exchange(
  port: number,
  text: string,
  options: { readonly keepsOpen?: boolean } = {},
): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const bytes = Uint8Array.from(text, (one) => one.charCodeAt(0));
  try {
    for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
    if (options.keepsOpen !== true) await connection.closeWrite();
  } catch {
    // It was closed before it had read all: what was said meanwhile is there to be read.
  }
  return await readAll(connection);
}

export async function readAll(connection: Deno.Conn): Promise<string> {
  let all = "";
  const buffer = new Uint8Array(65_536);
  const decoder = new TextDecoder("latin1");
  for (let count; (count = await connection.read(buffer).catch(() => null)) !== null;) {
    all += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
  return all;
}

function onError(): Response {
  return new Response("the test's server failed", { status: 500 });
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // Closed already.
  }
}
