/** Reaching Coder through the API server's service proxy, from where its Service cannot be dialled. */
import { CoderAddressError } from "./address.ts";
import type { CoderTransport, TransportAnswer, TransportRequest } from "./transport.ts";
import { TransportFailure } from "./transport_failure.ts";
import type { SocketAnswer, SocketRequest } from "./web_socket.ts";

/** A Service's port as the API server names it. */
export interface ServicePort {
  readonly namespace: string;
  readonly service: string;
  /** Number or name. */
  readonly port: number | string;
  /** How the API server talks to the pod. @default {"http"} */
  readonly scheme?: "http" | "https";
}

export interface ServiceProxyOptions extends ServicePort {
  /**
   * Sends one request to the API server, under the caller's own Kubernetes credentials. Its failures become failures to
   * reach Coder.
   */
  send(request: TransportRequest): Promise<TransportAnswer>;
  /** Opens a WebSocket through the API server, in the same way. Absent: there are none. */
  connect?: (request: SocketRequest) => Promise<SocketAnswer>;
}

/** The path under which the API server proxies to the Service. Throws {@linkcode CoderAddressError} for odd names. */
export function serviceProxyPath({ namespace, service, port, scheme = "http" }: ServicePort): string {
  for (const part of [namespace, service, String(port)]) {
    if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(part)) {
      throw new CoderAddressError(`"${part}" cannot be part of a Service's address (namespace/service:port)`);
    }
  }
  return `/api/v1/namespaces/${namespace}/services/${scheme}:${service}:${port}/proxy`;
}

/** A transport through the API server. It needs the permission `create`, `get`, … on `services/proxy`. */
export function createServiceProxyTransport(options: ServiceProxyOptions): CoderTransport {
  const prefix = serviceProxyPath(options);
  const address = `${options.namespace}/${options.service}:${options.port} through the API server`;
  const { connect } = options;
  let closed = false;

  async function through<R extends TransportRequest | SocketRequest, A>(
    request: R,
    send: (request: R) => Promise<A>,
  ): Promise<A> {
    if (closed) throw new TransportFailure("closed", "this connection to Coder is closed", false);
    try {
      return await send({ ...request, path: prefix + request.path });
    } catch (error) {
      throw TransportFailure.of(error, request.signal?.aborted ? "aborted" : undefined, true, request);
    }
  }

  return {
    address,
    send: (request) => through(request, (sent) => options.send(sent)),
    ...(connect === undefined ? {} : { connect: (request: SocketRequest) => through(request, connect) }),
    /** The API server's connections are not ours to close. */
    close() {
      closed = true;
    },
  };
}
