/** From a request of `node:http` to an exchange. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { KubeUser, MaybeTlsSocket } from "../../../identity/mod.ts";
import { readRequest, type RequestInfo } from "../request_info.ts";
import { checkLength, readBody } from "./body.ts";
import { StatusError } from "../status_errors.ts";
import { ClientGoneError, type Exchange } from "./exchange.ts";

const AUDIT_ID = /^[A-Za-z0-9-]{1,64}$/;

/** An exchange, for the server that has to end it. */
export class ServerExchange implements Exchange {
  readonly info: RequestInfo;
  readonly auditId: string;
  user: KubeUser | undefined;
  readonly warnings: string[] = [];
  onBegun: (() => void)[] = [];
  /** The body has been read to its end. */
  hasReadBody = false;
  #controller: AbortController | undefined;

  /** @param maxBodyBytes larger bodies are refused */
  constructor(
    private readonly incoming: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly maxBodyBytes: number,
    private readonly awaitsContinue: boolean,
  ) {
    this.info = readRequest(incoming.method ?? "GET", incoming.url ?? "/");
    const auditId = incoming.headers["audit-id"];
    this.auditId = typeof auditId === "string" && AUDIT_ID.test(auditId) ? auditId : crypto.randomUUID();
    response.once("close", () => {
      if (!response.writableFinished) this.abort(new ClientGoneError());
    });
  }

  get headers() {
    return this.incoming.headers;
  }

  get rawHeaders(): readonly string[] {
    return this.incoming.rawHeaders;
  }

  get socket(): MaybeTlsSocket {
    return this.incoming.socket as unknown as MaybeTlsSocket;
  }

  get signal(): AbortSignal {
    return (this.#controller ??= new AbortController()).signal;
  }

  abort(reason: unknown): void {
    (this.#controller ??= new AbortController()).abort(reason);
  }

  async readBody(): Promise<Uint8Array> {
    checkLength(this.headers, this.maxBodyBytes);
    if (this.awaitsContinue) this.response.writeContinue();
    try {
      const body = await readBody(this.incoming, this.maxBodyBytes, this.signal);
      this.hasReadBody = true;
      return body;
    } catch (error) {
      throw error instanceof StatusError || this.signal.aborted ? error : new ClientGoneError();
    }
  }
}
