/** One HTTP request and its answer, over a plain connection or TLS. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { PeerCertificates } from "../../identity/mod.ts";
import { type MaybeTlsSocket, peerCertificates } from "../../identity/mod.ts";
import type { IncomingCall } from "../surface.ts";

/** More came than is read, or not in time. */
export class BodyError extends Error {
  override readonly name = "BodyError";

  constructor(readonly status: 408 | 413, message: string) {
    super(message);
  }
}

/** What a connection takes that nobody reads from, in bytes. */
const AT_ONCE = 64 * 1024;
/** How long a client may take to read an answer to its end, in milliseconds. */
export const READING_MS = 60_000;

const decoder = new TextDecoder();

export type AnswerHeaders = Readonly<Record<string, string>>;

export class HttpCall implements IncomingCall {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly #query: string;
  #headers: Headers | undefined;
  readonly #onGone = new Set<() => void>();
  #isGone = false;
  /** Sent with every answer. */
  readonly extraHeaders: Record<string, string> = {};

  constructor(readonly incoming: IncomingMessage, readonly response: ServerResponse) {
    const url = incoming.url ?? "/";
    const mark = url.indexOf("?");
    this.method = incoming.method ?? "GET";
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.#query = mark < 0 ? "" : url.slice(mark + 1);
    // What breaks off has ended as well, and says so by `close`.
    incoming.on("error", () => {});
    response.on("error", () => {});
    response.once("close", () => {
      if (response.writableFinished) return;
      this.#isGone = true;
      for (const run of this.#onGone) run();
    });
  }

  /** One header; where it came twice, both. */
  header(name: string): string | undefined {
    const value = this.incoming.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }

  get headers(): Headers {
    return this.#headers ??= headersOf(this.rawHeaders);
  }

  get #hasBody(): boolean {
    const length = this.header("content-length");
    return this.header("transfer-encoding") !== undefined || (length !== undefined && length !== "0");
  }

  get query(): URLSearchParams {
    return new URLSearchParams(this.#query);
  }

  get rawHeaders(): readonly string[] {
    return this.incoming.rawHeaders;
  }

  get peer(): PeerCertificates | undefined {
    return peerCertificates(this.incoming.socket as MaybeTlsSocket);
  }

  /** The client has left before it was answered. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Runs when the client leaves before it is answered; at once where it has. Returns the function that forgets it. */
  onGone(run: () => void): () => void {
    if (this.#isGone) run();
    else this.#onGone.add(run);
    return () => void this.#onGone.delete(run);
  }

  /** Reads all of it. @throws {BodyError} */
  async text(maxBytes: number, deadlineMs: number): Promise<string> {
    const said = Number(this.header("content-length") ?? 0);
    if (said > maxBytes) throw tooLarge(maxBytes);
    const chunks: Uint8Array[] = [];
    let size = 0;
    await new Promise<void>((resolve, reject) => {
      const { incoming } = this;
      const timer = setTimeout(() => {
        reject(new BodyError(408, "the request did not arrive in time"));
      }, deadlineMs);
      incoming.on("data", (chunk: Uint8Array) => {
        size += chunk.byteLength;
        if (size <= maxBytes) return void chunks.push(chunk);
        clearTimeout(timer);
        reject(tooLarge(maxBytes));
      });
      incoming.once("end", () => {
        clearTimeout(timer);
        resolve();
      });
      incoming.once("close", () => {
        clearTimeout(timer);
        // It comes after the end as well.
        if (!incoming.readableEnded) reject(new BodyError(408, "the request did not arrive whole"));
      });
    });
    return decoder.decode(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
  }

  /** Answers in one piece. */
  answer(status: number, body: string | undefined, headers: AnswerHeaders = {}): void {
    const { response } = this;
    if (response.headersSent || response.destroyed) return;
    const isUnread = !this.incoming.complete && this.#hasBody;
    const length = body === undefined ? 0 : Buffer.byteLength(body);
    response.writeHead(status, {
      ...headers,
      ...this.extraHeaders,
      ...(body === undefined ? {} : { "content-length": String(length) }),
      // What was not read would be taken for the next request.
      ...(isUnread ? { connection: "close" } : {}),
    });
    response.end(body);
    if (length > AT_ONCE) this.limitReading();
  }

  /** All is said: who does not read it would keep it in memory for ever. */
  limitReading(): void {
    const { response } = this;
    if (response.closed) return;
    const timer = setTimeout(() => response.destroy(), READING_MS);
    response.once("close", () => clearTimeout(timer));
  }
}

function tooLarge(maxBytes: number): BodyError {
  return new BodyError(413, `the request is larger than ${maxBytes} bytes`);
}

function headersOf(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    try {
      headers.append(raw[at]!, raw[at + 1]!);
    } catch {
      // A name or value that the platform does not take is one that nobody asks for.
    }
  }
  return headers;
}
