/** One request on its way through the filters, and what becomes of it. */
import type { IncomingHttpHeaders } from "node:http";
import type { KubeUser, MaybeTlsSocket } from "../../../identity/mod.ts";
import type { RequestInfo } from "../request_info.ts";
import type { Outlet } from "../watch/outlet.ts";

/** A request, as the filters and the handler see it. */
export interface Exchange {
  readonly info: RequestInfo;
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  readonly socket: MaybeTlsSocket;
  /** Names the request in every log; the caller gets it as `Audit-Id`. */
  readonly auditId: string;
  /** Who calls. Set by the authentication filter, and read behind it alone. */
  user: KubeUser | undefined;
  /** Told to the caller in `Warning` headers. */
  readonly warnings: string[];
  /** Aborts when the client is gone, or by {@linkcode abort}. */
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
  /** The whole body. @throws {StatusError} 413 where it is larger than the server allows */
  readBody(): Promise<Uint8Array>;
  /** Called as soon as the answer has begun, for requests that go on long after: they give back what they hold. */
  onBegun: (() => void)[];
}

/** An answer that is known as a whole. */
export interface BodyAnswer {
  readonly code: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** @default nothing */
  readonly body?: Uint8Array | string;
  /** @default {"application/json"} */
  readonly contentType?: string;
  readonly closeConnection?: boolean;
}

/** An answer that goes on. */
export interface StreamAnswer {
  readonly code: 200;
  readonly headers?: Readonly<Record<string, string>>;
  readonly contentType: string;
  /** Called once the head of the answer is sent. Must not throw. */
  readonly run: (outlet: Outlet) => void;
}

export type Answer = BodyAnswer | StreamAnswer;

export type Handler = (exchange: Exchange) => Promise<Answer>;

/** Does its work around what comes after it. */
export type Filter = (exchange: Exchange, next: Handler) => Promise<Answer>;

/** A handler behind filters; the first filter is the outermost. */
export function behind(filters: readonly Filter[], handler: Handler): Handler {
  return filters.reduceRight<Handler>((next, filter) => (exchange) => filter(exchange, next), handler);
}

export function isStream(answer: Answer): answer is StreamAnswer {
  return "run" in answer;
}

/** The client has closed the connection: there is nobody to answer. */
export class ClientGoneError extends Error {
  override readonly name = "ClientGoneError";
  constructor() {
    super("the client closed the connection");
  }
}
