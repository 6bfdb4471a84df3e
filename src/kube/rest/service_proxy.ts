/** Requests through the API server's service proxy: whatever the Service answers comes back as it is. */
import type { ClusterConnection, TlsMaterial } from "../config/connection.ts";
import { createTransport, type HttpAnswer, type HttpRequest } from "./transport.ts";
import { tunnelThrough } from "./tunnel.ts";

/** Sends proxied requests, on connections of their own. */
export interface ServiceProxySender {
  /** The path is the whole one, `/api/v1/namespaces/…/proxy/…`. Throws {@linkcode KubeConnectionError}. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** What a WebSocket to such a path is opened with. Throws what the credentials throw. */
  socket(path: string, headers: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<ProxySocket>;
  /** Closes the connections; calls in flight fail. */
  close(): void;
}

/** Where, under which credentials, and by which way. */
export interface ProxySocket extends TlsMaterial {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly servername?: string | undefined;
  readonly rejectUnauthorized?: boolean | undefined;
  /** Node's, through the proxy that the connection goes by. */
  readonly createConnection?: unknown;
}

/** Makes a sender under the credentials of `connection`. Nothing is connected before the first request. */
export function createServiceProxySender(connection: ClusterConnection): ServiceProxySender {
  const transport = createTransport(connection, { maxResponseBytes: 64 * 1024 * 1024 });
  const { server, proxy, skipTlsVerify, tlsServerName } = connection;
  return {
    send: (request) => transport.send(request),
    async socket(path, headers, signal) {
      const credentials = await connection.credentials(signal);
      return {
        ...credentials.tls,
        url: new URL(server.pathname.replace(/\/+$/, "") + path, server),
        headers: { ...headers, ...credentials.headers },
        ...(tlsServerName === undefined ? {} : { servername: tlsServerName }),
        ...(skipTlsVerify ? { rejectUnauthorized: false } : {}),
        ...(proxy === undefined ? {} : { createConnection: tunnelThrough(proxy, server) }),
      };
    },
    close: () => transport.close(),
  };
}
