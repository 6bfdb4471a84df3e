/** Requests through the API server's service proxy: whatever the Service answers comes back as it is. */
import type { ClusterConnection } from "../config/connection.ts";
import { createTransport, type HttpAnswer, type HttpRequest } from "./transport.ts";

/** Sends proxied requests, on connections of their own. */
export interface ServiceProxySender {
  /** The path is the whole one, `/api/v1/namespaces/…/proxy/…`. Throws {@linkcode KubeConnectionError}. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Closes the connections; calls in flight fail. */
  close(): void;
}

/** Makes a sender under the credentials of `connection`. Nothing is connected before the first request. */
export function createServiceProxySender(connection: ClusterConnection): ServiceProxySender {
  const transport = createTransport(connection, { maxResponseBytes: 64 * 1024 * 1024 });
  return { send: (request) => transport.send(request), close: () => transport.close() };
}
