/** A Coder deployment without Coder: a strict HTTP server in this process, with real sockets. See README.md. */
import http from "node:http";
import https from "node:https";
import type net from "node:net";
import assert from "node:assert/strict";
import { freePorts } from "../cluster/ports.ts";
import { type FaultAction, Faults } from "./faults.ts";
import { answer, type IncomingRequest, routeOf, type World } from "./pipeline.ts";
import { RateLimiter } from "./rate_limit.ts";
import type { Reply } from "./reply.ts";
import { allRoutes } from "./routes/all.ts";
import { defaultSettings, type FakeCoderSettings } from "./settings.ts";
import { FakeState } from "./state.ts";

/** What became of a request. */
export interface LoggedRequest {
  /** `performance.now()` at its arrival. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** Path template; undefined where there is none. */
  readonly route: string | undefined;
  /** The part of the session token before the dash. */
  readonly tokenId: string | undefined;
  /** Undefined as long as nothing was answered. */
  status: number | undefined;
  /** `lost`: carried out, but the answer never arrived. */
  outcome: "pending" | "answered" | "dropped" | "lost" | "hung";
}

export interface FakeCoderOptions extends Partial<FakeCoderSettings> {
  /** Path in front of all others, such as `/base`. @default {""} */
  basePath?: string;
  /** Serve HTTPS. */
  tls?: { cert: string; key: string };
  /** @default {a free one} */
  port?: number;
}

/** A running fake. */
export interface FakeCoder extends AsyncDisposable {
  /** Base path included. */
  readonly url: string;
  readonly state: FakeState;
  readonly settings: FakeCoderSettings;
  readonly faults: Faults;
  readonly requests: readonly LoggedRequest[];
  /** What requests did that no request of ours may do. */
  readonly violations: readonly string[];
  /** Connections accepted so far, and open now. */
  readonly connections: { readonly accepted: number; readonly open: number };
  /** Throws where there are violations. */
  assertClean(): void;
  /** Requests that arrived, of one route or method or since a moment (`performance.now()`). */
  count(filter?: { method?: string; route?: string; since?: number }): number;
  /** Refuses connections until `start`; open ones break. */
  stop(): Promise<void>;
  /** Listens again at the same address. */
  start(): Promise<void>;
  /** Breaks every open connection. */
  cutAll(): void;
}

/** Starts a fake on a free loopback port; it ends with `await using`. */
export async function startFakeCoder(options: FakeCoderOptions = {}): Promise<FakeCoder> {
  const { basePath = "", tls, port: wanted = 0, ...changes } = options;
  const state = new FakeState();
  const settings: FakeCoderSettings = { ...defaultSettings(), ...changes };
  const faults = new Faults();
  const limiter = new RateLimiter();
  const requests: LoggedRequest[] = [];
  const violations: string[] = [];
  const sockets = new Set<net.Socket>();
  let accepted = 0;
  let server: http.Server;
  // Nobody else gets it while the fake does not listen.
  const port = wanted > 0 ? wanted : freePorts(1)[0] ?? 0;

  async function serve(incoming: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const request = await read(incoming, basePath);
    const what = `${request.method} ${request.path}`;
    const world: World = {
      state,
      settings,
      limiter,
      routes: allRoutes,
      violation: (problem) => violations.push(`${what}: ${problem}`),
    };
    const route = routeOf(world, request)?.template;
    const token = request.headers["coder-session-token"];
    const entry: LoggedRequest = {
      at: performance.now(),
      method: request.method,
      path: request.path,
      query: request.query.toString(),
      route,
      tokenId: typeof token === "string" ? token.split("-", 1)[0] : undefined,
      status: undefined,
      outcome: "pending",
    };
    requests.push(entry);
    const fault = faults.take(request.method, route, request.path);
    await respond(fault, () => answer(world, request), entry, response, settings.version);
  }

  function listen(): Promise<void> {
    const handler: http.RequestListener = (incoming, response) => {
      serve(incoming, response).catch((error) => {
        // A client that went away while its request was read is none of the fake's business.
        if (!incoming.destroyed) violations.push(`the fake failed: ${error}`);
        response.destroy();
      });
    };
    server = tls === undefined ? http.createServer(handler) : https.createServer(tls, handler);
    server.on(tls === undefined ? "connection" : "secureConnection", (socket: net.Socket) => {
      accepted++;
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", () => {});
    });
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", resolve);
    });
  }

  function cutAll(): void {
    for (const socket of sockets) socket.destroy();
  }

  async function stop(): Promise<void> {
    cutAll();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  }

  await listen();
  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}${basePath}`,
    state,
    settings,
    faults,
    requests,
    violations,
    connections: {
      get accepted() {
        return accepted;
      },
      get open() {
        return sockets.size;
      },
    },
    assertClean: () => assert.deepEqual(violations, []),
    count: ({ method, route, since = 0 } = {}) =>
      requests.filter((one) =>
        (method === undefined || one.method === method) && (route === undefined || one.route === route) &&
        one.at >= since
      ).length,
    stop,
    start: listen,
    cutAll,
    [Symbol.asyncDispose]: stop,
  };
}

async function read(incoming: http.IncomingMessage, basePath: string): Promise<IncomingRequest> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of incoming as AsyncIterable<Uint8Array>) chunks.push(chunk);
  const bytes = new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
  const [full = "", query = ""] = (incoming.url ?? "").split("?", 2);
  return {
    method: incoming.method ?? "",
    // Whatever does not begin with the base path is left whole, so that no route is found for it.
    path: basePath !== "" && full.startsWith(`${basePath}/`) ? full.slice(basePath.length) : basePath + full,
    query: new URLSearchParams(query),
    headers: incoming.headers,
    body: new TextDecoder().decode(bytes),
    bytes,
  };
}

async function respond(
  fault: FaultAction | undefined,
  carryOut: () => Reply,
  entry: LoggedRequest,
  response: http.ServerResponse,
  version: string,
): Promise<void> {
  switch (fault?.do) {
    case "answer":
      return send(fault.reply, entry, response, fault.foreign === true ? undefined : version);
    case "dropRequest":
      entry.outcome = "dropped";
      response.socket?.destroy();
      return;
    case "loseAnswer":
      carryOut();
      entry.outcome = "lost";
      response.socket?.destroy();
      return;
    case "hang":
      entry.outcome = "hung";
      return;
    case "truncate": {
      const { status, json } = carryOut();
      const body = JSON.stringify(json ?? {});
      entry.outcome = "lost";
      response.writeHead(status, {
        "Content-Type": "application/json",
        "Content-Length": String(body.length + 1),
        "X-Coder-Build-Version": version,
      });
      response.write(body.slice(0, Math.ceil(body.length / 2)), () => response.socket?.destroy());
      return;
    }
    case "body": {
      const { status } = carryOut();
      const headers = { "Content-Type": fault.contentType ?? "application/json; charset=utf-8" };
      return send({ status, text: fault.body, headers }, entry, response, version);
    }
    case "delay":
      await fault.until?.catch(() => {});
      if (fault.ms !== undefined) await new Promise((resolve) => setTimeout(resolve, fault.ms));
  }
  send(carryOut(), entry, response, version);
}

function send(
  reply: Reply,
  entry: LoggedRequest,
  response: http.ServerResponse,
  version: string | undefined,
): void {
  entry.status = reply.status;
  entry.outcome = "answered";
  const body = reply.bytes ?? reply.text ?? (reply.json === undefined ? "" : JSON.stringify(reply.json));
  response.writeHead(reply.status, {
    ...(version === undefined ? {} : {
      "X-Coder-Build-Version": version,
      // coderd sets it with every answer; it must never come back.
      "Set-Cookie": "csrf_token=JXm9hOUdZctWt0ZZGAy9xiS/gxMKYOThdxjjMnMUyn4=; Path=/; HttpOnly",
    }),
    ...(reply.text === undefined
      ? (reply.json === undefined ? {} : { "Content-Type": "application/json; charset=utf-8" })
      : { "Content-Type": "text/plain; charset=utf-8" }),
    ...reply.headers,
  });
  response.end(body);
}
