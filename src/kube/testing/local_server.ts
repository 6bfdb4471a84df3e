/** A plain HTTP server in this process, for what the HTTP client does with answers of every kind. For tests alone. */
import http from "node:http";
import type net from "node:net";
import type { ClusterConnection, Credentials } from "../config/connection.ts";

/** One request as the server saw it. */
export interface SeenRequest {
  method: string;
  url: string;
  headers: http.IncomingHttpHeaders;
  body: string;
}

export type Answer = (request: SeenRequest, response: http.ServerResponse) => void | Promise<void>;

export interface LocalServer extends AsyncDisposable {
  readonly connection: ClusterConnection;
  readonly seen: SeenRequest[];
  /** Connections accepted so far. */
  readonly accepted: number;
  /** Connections open now. */
  readonly open: number;
  /** Ends every open connection with a reset. */
  cutAll(): void;
}

/** Starts the server on a free port; it ends with `await using`. */
export async function localServer(
  answer: Answer,
  changes: Partial<ClusterConnection> = {},
): Promise<LocalServer> {
  const seen: SeenRequest[] = [];
  const sockets = new Set<net.Socket>();
  let accepted = 0;
  const server = http.createServer(async (incoming, response) => {
    let body = "";
    for await (const chunk of incoming) body += String(chunk);
    const request = {
      method: incoming.method ?? "",
      url: incoming.url ?? "",
      headers: incoming.headers,
      body,
    };
    seen.push(request);
    await answer(request, response);
  });
  server.on("connection", (socket: net.Socket) => {
    accepted++;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  return {
    connection: fakeConnection(new URL(`http://127.0.0.1:${port}`), changes),
    seen,
    get accepted() {
      return accepted;
    },
    get open() {
      return sockets.size;
    },
    cutAll() {
      for (const socket of sockets) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A connection without a kubeconfig. */
export function fakeConnection(server: URL, changes: Partial<ClusterConnection> = {}): ClusterConnection {
  const credentials: Credentials = { headers: { authorization: "Bearer test" }, tls: {} };
  return {
    server,
    namespace: "default",
    context: "test",
    source: "a test",
    credentials: () => Promise.resolve(credentials),
    refresh: () => false,
    ...changes,
  };
}

/** Sends JSON. */
export function json(response: http.ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

/** A `Status` object, as refusals carry it. */
export function statusBody(code: number, reason: string, message: string, details?: unknown): unknown {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason,
    details,
    code,
  };
}

/** Looks every few milliseconds until `look` says yes; throws after five seconds. */
export async function eventually(look: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 60_000;
  while (!look()) {
    if (performance.now() > end) throw new Error(`waited 60 s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
