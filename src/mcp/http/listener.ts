/** Listens, over plain HTTP or TLS, and lets go of connections in order. */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { addressText, type BindAddress } from "../../telemetry/bind_address.ts";
import type { Logger } from "../../telemetry/logger.ts";

/** What is served with. */
export interface TlsMaterial {
  /** PEM, the server's own certificate first. */
  readonly certPem: string;
  readonly keyPem: string;
  /** Authorities that clients are asked for certificates of, PEM. Absent: they are not asked. */
  readonly clientCaPem?: readonly string[];
}

/** Read anew for new connections whenever it says so. */
export interface TlsSource {
  readonly current: TlsMaterial | undefined;
  /** Returns the function that ends the subscription. */
  subscribe(listener: () => void): () => void;
}

export interface ListenerOptions {
  readonly tls?: TlsSource | undefined;
  /** How long the head of a request may take, in milliseconds. */
  readonly headMs: number;
  /** How long a connection may be idle, in milliseconds. */
  readonly idleMs: number;
  readonly log: Logger;
  serve(incoming: IncomingMessage, response: ServerResponse): void;
}

const MAX_HEADER_BYTES = 64 * 1024;

export class Listener {
  readonly #options: ListenerOptions;
  readonly #server: Server | TlsServer;
  readonly #sockets = new Set<Duplex>();
  readonly #unsubscribe: (() => void) | undefined;

  /** @throws where there is no certificate yet */
  constructor(options: ListenerOptions) {
    const { tls, headMs, idleMs } = this.#options = options;
    const limits = {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: headMs,
      // Bodies have a deadline of their own, and answers may be streams.
      requestTimeout: 0,
      keepAliveTimeout: idleMs,
      connectionsCheckingInterval: Math.min(5_000, headMs / 4),
    };
    this.#server = tls === undefined ? createServer(limits) : createTlsServer({
      ...limits,
      ...materialOf(tls),
      requestCert: tls.current?.clientCaPem !== undefined,
      // Who has no certificate may have a token; what a certificate is worth is decided for each request.
      rejectUnauthorized: false,
      handshakeTimeout: 10_000,
    });
    const server = this.#server;
    server.maxHeadersCount = 0;
    server.on("request", (incoming, response) => options.serve(incoming, response));
    server.on("clientError", (error, socket) => refuseConnection(error, socket));
    server.on("tlsClientError", (_error: Error, socket: Duplex) => socket.destroy());
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    this.#unsubscribe = tls?.subscribe(() => this.#reload(tls));
  }

  #reload(tls: TlsSource): void {
    try {
      (this.#server as TlsServer).setSecureContext(materialOf(tls));
      this.#options.log.info("certificates of the MCP port are reloaded");
    } catch (error) {
      this.#options.log.error("the MCP port goes on with its old certificates: the new ones cannot be used", {
        error,
      });
    }
  }

  /** @throws where the address cannot be had */
  async listen({ hostname, port }: BindAddress): Promise<BindAddress> {
    const attempt = (host: string) =>
      new Promise<void>((resolve, reject) => {
        this.#server.once("error", reject);
        this.#server.listen(port, host, () => {
          this.#server.off("error", reject);
          resolve();
        });
      });
    const refused = (cause: unknown) => {
      const address = addressText({ hostname, port });
      return new Error(`Cannot listen on ${address} for MCP. Choose another address.`, { cause });
    };
    // Every interface, IPv6 included where the machine has it.
    await attempt(hostname === "0.0.0.0" ? "::" : hostname).catch((error: Error & { code?: string }) => {
      if (hostname !== "0.0.0.0" || error.code === "EADDRINUSE" || error.code === "EACCES") {
        throw refused(error);
      }
      return attempt(hostname).catch((again) => {
        throw refused(again);
      });
    });
    const { address, port: bound } = this.#server.address() as AddressInfo;
    return { hostname: address, port: bound };
  }

  /** No new connections; resolves when the last one has ended. */
  stop(): Promise<void> {
    this.#unsubscribe?.();
    if (!this.#server.listening) return Promise.resolve();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    return closed;
  }

  closeIdle(): void {
    this.#server.closeIdleConnections();
  }

  /** Ends all connections at once. */
  cut(): void {
    this.#server.closeAllConnections();
    for (const socket of this.#sockets) socket.destroy();
  }
}

function materialOf({ current }: TlsSource) {
  if (current === undefined) throw new Error("There is no certificate for the MCP port yet.");
  const { certPem, keyPem, clientCaPem } = current;
  return {
    cert: certPem,
    key: keyPem,
    minVersion: "TLSv1.2" as const,
    ...(clientCaPem === undefined ? {} : { ca: [...clientCaPem] }),
  };
}

/** What comes over a connection and is no request. */
function refuseConnection(error: Error & { code?: string }, socket: Duplex): void {
  if (!socket.writable || error.code === "ECONNRESET" || error.code === "EPIPE") return void socket.destroy();
  const status = error.code === "HPE_HEADER_OVERFLOW"
    ? 431
    : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
    ? 408
    : 400;
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    "Content-Length: 0",
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n`, () => socket.destroy());
}
