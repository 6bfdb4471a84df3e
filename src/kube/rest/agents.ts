/** Connection pools: one for calls, one that gives every stream a connection of its own. */
import http from "node:http";
import https from "node:https";
import type net from "node:net";
import type { ClusterConnection, TlsMaterial } from "../config/connection.ts";
import { tunnelThrough } from "./tunnel.ts";

/** Idle time after which the kernel probes a connection, in milliseconds: a dead peer is noticed, not waited for. */
const TCP_KEEPALIVE_MS = 15_000;

/** A request and what became of its connection. */
export interface OutgoingRequest {
  readonly outgoing: http.ClientRequest;
  /** It went out on a connection that had been idle, which the server may have been closing just then. */
  readonly reused: boolean;
}

/** Pools of one set of TLS material. */
export interface AgentPair {
  /** Makes a request over the pool, or (`pooled` false) on a new connection that ends with it. */
  request(options: http.RequestOptions, pooled: boolean): OutgoingRequest;
  /** Closes idle connections. */
  dropIdle(): void;
  /** Closes idle connections now and the others as their exchange ends. */
  retire(): void;
  /** Closes everything at once. */
  close(): void;
}

export function createAgents(
  connection: ClusterConnection,
  material: TlsMaterial,
  maxSockets: number,
): AgentPair {
  const { server, proxy } = connection;
  const secure = server.protocol === "https:";
  const live = new Set<http.ClientRequest>();
  const tlsOptions = secure
    ? {
      ...material,
      ...(connection.skipTlsVerify ? { rejectUnauthorized: false } : {}),
      ...(connection.tlsServerName === undefined ? {} : { servername: connection.tlsServerName }),
    }
    : {};
  const make = (options: http.AgentOptions): http.Agent => {
    const agent = secure ? new https.Agent({ ...options, ...tlsOptions }) : new http.Agent(options);
    if (proxy !== undefined) {
      agent.createConnection = tunnelThrough(proxy, server) as unknown as typeof agent.createConnection;
    }
    return agent;
  };
  const pool = make({ keepAlive: true, keepAliveMsecs: TCP_KEEPALIVE_MS, maxSockets, scheduling: "lifo" });
  const single = make({ keepAlive: false });
  const send = secure ? https.request : http.request;
  let retired = false;

  function dropIdle(): void {
    for (const sockets of Object.values(pool.freeSockets)) {
      for (const socket of [...(sockets ?? [])]) socket.destroy();
    }
  }

  return {
    request(options, pooled) {
      const outgoing = send({
        ...options,
        host: server.hostname.replace(/^\[|\]$/g, ""),
        port: server.port === "" ? (secure ? 443 : 80) : Number(server.port),
        agent: pooled && !retired ? pool : single,
        ...tlsOptions,
      });
      let reused = false;
      outgoing.once("socket", (socket: net.Socket) => {
        socket.setKeepAlive(true, TCP_KEEPALIVE_MS);
        reused = outgoing.reusedSocket;
        // Deno sends a request on a reused connection again when that breaks, writes included, and even when the
        // request was destroyed on purpose (denoland/deno#36786). Whether to send again is decided by `transport.ts`.
        outgoing.reusedSocket = false;
      });
      live.add(outgoing);
      outgoing.once("close", () => {
        live.delete(outgoing);
        // The connection goes back to the pool right after this event.
        if (retired) queueMicrotask(dropIdle);
      });
      return {
        outgoing,
        get reused() {
          return reused;
        },
      };
    },
    dropIdle,
    retire() {
      retired = true;
      dropIdle();
    },
    close() {
      retired = true;
      for (const request of live) request.destroy(new Error("the client was closed"));
      pool.destroy();
      single.destroy();
    },
  };
}
