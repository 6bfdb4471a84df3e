/** The few members of `ws` that are used: it has no types of its own. */
import type http from "node:http";
import type net from "node:net";
import { WebSocket as library } from "ws";

export interface WsOptions {
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly servername?: string | undefined;
  readonly rejectUnauthorized?: boolean | undefined;
  readonly createConnection?: unknown;
  readonly followRedirects: false;
  readonly perMessageDeflate: false;
  /** In bytes; larger messages end the connection. */
  readonly maxPayload: number;
  /** How long the other side has to say good-bye, in milliseconds. */
  readonly closeTimeout: number;
}

export interface WsSocket {
  on(event: "open" | "pong", listener: () => void): this;
  on(event: "message", listener: (data: Uint8Array, isBinary: boolean) => void): this;
  on(event: "close", listener: (code: number, reason: Uint8Array) => void): this;
  on(event: "error", listener: (error: Error) => void): this;
  on(event: "upgrade", listener: (response: http.IncomingMessage & { socket: net.Socket }) => void): this;
  on(
    event: "unexpected-response",
    listener: (request: http.ClientRequest, response: http.IncomingMessage) => void,
  ): this;
  send(data: Uint8Array, options: { binary: true }, done: (error?: Error) => void): void;
  ping(): void;
  close(code: number): void;
  terminate(): void;
  pause(): void;
  resume(): void;
}

/** Begins to open one. Never throws for what the network does: `error` and `close` tell. */
export function newWebSocket(url: URL, options: WsOptions): WsSocket {
  const Library = library as unknown as new (url: URL, options: WsOptions) => WsSocket;
  return new Library(url, options);
}
