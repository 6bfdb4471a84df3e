/** Connection pools: one for calls, one that gives every stream a connection of its own. */
import http from "node:http";
import https from "node:https";
import type net from "node:net";
import type { ClusterConnection, TlsMaterial } from "./connection.ts";
import { tunnelThrough } from "./tunnel.ts";

/** Idle time after which the kernel probes a connection, in milliseconds: a dead peer is noticed, not waited for. */
const TCP_KEEPALIVE_MS = 15_000;

/** Pools of one set of TLS material. */
export interface AgentPair {
  /** Makes a request over the pool, or (`pooled` false) on a new connection that ends with it. */
  request(options: http.RequestOptions, pooled: boolean): http.ClientRequest;
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
      const request = send({
        ...options,
        host: server.hostname.replace(/^\[|\]$/g, ""),
        port: server.port === "" ? (secure ? 443 : 80) : Number(server.port),
        agent: pooled && !retired ? pool : single,
        ...tlsOptions,
      });
      request.once("socket", (socket: net.Socket) => socket.setKeepAlive(true, TCP_KEEPALIVE_MS));
      live.add(request);
      request.once("close", () => {
        live.delete(request);
        if (retired) dropIdle();
      });
      return request;
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
