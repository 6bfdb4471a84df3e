/** The connections of one deployment: a pool for reads, one each for writes. */
import http from "node:http";
import https from "node:https";
import type net from "node:net";

/** How long an idle connection is unprobed by the kernel, in milliseconds: a dead peer is noticed, not waited for. */
const TCP_KEEPALIVE_MS = 15_000;

export interface ConnectionOptions {
  url: URL;
  ca?: string | undefined;
  tlsServerName?: string | undefined;
  maxSockets: number;
  idleMs: number;
}

/** A request and what became of its connection. */
export interface OpenRequest {
  readonly outgoing: http.ClientRequest;
  /** It went out on a connection that had been idle, which the server may have been closing just then. */
  readonly reused: boolean;
  /** A connection was there to send on. */
  readonly connected: boolean;
}

export interface Connections {
  /**
   * Makes a request. Writes (`pooled` false) get a connection of their own: an idle one may be closing just then, and
   * a write that broke cannot be sent again without knowing whether it happened.
   */
  open(request: http.RequestOptions, pooled: boolean): OpenRequest;
  /** Closes idle connections. */
  dropIdle(): void;
  /** Closes everything at once. */
  close(): void;
}

export function createConnections(options: ConnectionOptions): Connections {
  const { url, ca, tlsServerName, maxSockets, idleMs } = options;
  const secure = url.protocol === "https:";
  const tls = secure
    ? {
      ...(ca === undefined ? {} : { ca }),
      ...(tlsServerName === undefined ? {} : { servername: tlsServerName }),
    }
    : {};
  const make = (agent: http.AgentOptions) =>
    secure ? new https.Agent({ ...agent, ...tls }) : new http.Agent(agent);
  const pool = make({ keepAlive: true, keepAliveMsecs: TCP_KEEPALIVE_MS, maxSockets, scheduling: "lifo" });
  const single = make({ keepAlive: false, maxSockets });
  const send = secure ? https.request : http.request;
  const live = new Set<http.ClientRequest>();
  let idleTimer: ReturnType<typeof setTimeout> | undefined;

  function dropIdle(): void {
    for (const sockets of Object.values(pool.freeSockets)) {
      for (const socket of [...(sockets ?? [])]) socket.destroy();
    }
  }

  /** Restarts the idle time; the process may end while it runs. */
  function touch(): void {
    clearTimeout(idleTimer);
    idleTimer = setTimeout(() => {
      if (live.size === 0) dropIdle();
    }, idleMs);
    Deno.unrefTimer(idleTimer as unknown as number);
  }

  return {
    open(request, pooled) {
      const outgoing = send({
        ...request,
        host: url.hostname.replace(/^\[|\]$/g, ""),
        port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
        agent: pooled ? pool : single,
        ...tls,
      });
      let reused = false;
      let connected = false;
      outgoing.once("socket", (socket: net.Socket) => {
        socket.setKeepAlive(true, TCP_KEEPALIVE_MS);
        reused = outgoing.reusedSocket;
        // Deno sends a request on a reused connection again when that breaks, writes included, and even when the
        // request was destroyed on purpose (denoland/deno#36786). Whether to send again is decided by `transport.ts`.
        outgoing.reusedSocket = false;
        if (socket.connecting || !reused) {
          socket.once(secure ? "secureConnect" : "connect", () => connected = true);
        } else connected = true;
      });
      live.add(outgoing);
      outgoing.once("close", () => {
        live.delete(outgoing);
        touch();
      });
      return {
        outgoing,
        get reused() {
          return reused;
        },
        get connected() {
          return connected;
        },
      };
    },
    dropIdle,
    close() {
      clearTimeout(idleTimer);
      for (const request of live) request.destroy();
      live.clear();
      pool.destroy();
      single.destroy();
      clearTimeout(idleTimer);
    },
  };
}
