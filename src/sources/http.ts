/** HTTP to servers of strangers: credentials stay with the one server that they are for, and everything has a limit. */
import { SourceError, wordsOf } from "./errors.ts";

export interface HttpOptions {
  /** Where credentials go. Others that it redirects to get none. */
  readonly origin: string;
  /** Certificates of authorities besides the runtime's own, PEM. */
  readonly ca?: string | undefined;
  /** Whether plain HTTP is allowed. @default {false} */
  readonly insecure?: boolean | undefined;
}

export interface HttpRequest {
  readonly url: string;
  /** @default {"GET"} */
  readonly method?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Value of the header `authorization`, for the origin alone. */
  readonly authorization?: string | undefined;
  readonly body?: Uint8Array<ArrayBuffer> | undefined;
  /** Of the answer, in bytes. */
  readonly most: number;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Where it came from in the end. */
  readonly url: string;
  /** Throws `TooLarge` beyond the limit. */
  readonly body: AsyncIterable<Uint8Array<ArrayBuffer>>;
}

const MOST_REDIRECTS = 5;

export class SourceHttp implements Disposable {
  readonly #options: HttpOptions;
  readonly #client: Deno.HttpClient;

  constructor(options: HttpOptions) {
    this.#options = options;
    const { ca } = options;
    if (ca !== undefined && !ca.includes("-----BEGIN CERTIFICATE-----")) {
      throw new SourceError("InvalidSource", "ca.crt of the Secret is no certificate (PEM)");
    }
    this.#client = Deno.createHttpClient({ caCerts: ca === undefined ? [] : [ca] });
  }

  /** Follows redirects of reads. */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    const { method = "GET", most, signal } = request;
    let url = this.#allowed(request.url);
    for (let redirects = 0;; redirects++) {
      const headers = new Headers(request.headers);
      if (request.authorization !== undefined && url.origin === this.#options.origin) {
        headers.set("authorization", request.authorization);
      }
      const answer = await this.#fetch(url, { method, headers, body: request.body ?? null, signal });
      const location = answer.headers.get("location");
      const isRedirect = answer.status >= 300 && answer.status < 400 && location !== null;
      if (!isRedirect) {
        const { status, headers: told } = answer;
        return { status, headers: told, url: url.href, body: limited(answer.body, most, url) };
      }
      await answer.body?.cancel();
      if (method !== "GET" && method !== "HEAD") {
        throw new SourceError(
          "Unreachable",
          `${url.host} redirects a ${method} request, which is not followed`,
        );
      }
      if (redirects >= MOST_REDIRECTS) {
        throw new SourceError("Unreachable", `${url.host} redirects again and again`);
      }
      url = this.#allowed(new URL(location, url).href);
    }
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  #allowed(text: string): URL {
    const url = new URL(text);
    url.username = url.password = "";
    const isAllowed = url.protocol === "https:" ||
      (this.#options.insecure === true && url.protocol === "http:");
    if (isAllowed) return url;
    throw new SourceError("InvalidSource", `${url.protocol}//${url.host} is no https address`);
  }

  async #fetch(url: URL, init: RequestInit): Promise<Response> {
    try {
      return await fetch(url, { ...init, redirect: "manual", client: this.#client });
    } catch (error) {
      init.signal?.throwIfAborted();
      throw unreachable(url, error);
    }
  }
}

function unreachable(url: URL, error: unknown): SourceError {
  // The runtime names the whole address, which may hold what was signed; "fetch failed" says nothing.
  const told = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const words = wordsOf(told).replace(/^error sending request for url \([^)]*\):?\s*/, "");
  const isUntrusted = /certificate/i.test(words);
  const advice = isUntrusted ? "; ca.crt of the Secret may hold its authority" : "";
  return new SourceError(
    isUntrusted ? "UntrustedServer" : "Unreachable",
    `${url.host} cannot be asked: ${words === "" ? "the connection failed" : words}${advice}`,
  );
}

async function* limited(
  body: ReadableStream<Uint8Array<ArrayBuffer>> | null,
  most: number,
  url: URL,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (body === null) return;
  let total = 0;
  try {
    for await (const chunk of body) {
      total += chunk.length;
      if (total > most) {
        throw new SourceError("TooLarge", `${url.host} sends more than ${most} bytes, which are the most`);
      }
      yield chunk;
    }
  } catch (error) {
    if (error instanceof SourceError || (error instanceof DOMException && error.name !== "NetworkError")) {
      throw error;
    }
    throw unreachable(url, error);
  }
}

/** All of an answer in one piece. */
export async function bytesOfBody(
  body: AsyncIterable<Uint8Array<ArrayBuffer>>,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(ReadableStream.from(body)).arrayBuffer());
}

/** Ends an answer whose body nobody reads. */
export async function dropped({ body }: Pick<HttpAnswer, "body">): Promise<void> {
  await body[Symbol.asyncIterator]().return?.();
}

/** The header for a name and a password. */
export function basic(username: string, password: string): string {
  return `Basic ${new TextEncoder().encode(`${username}:${password}`).toBase64()}`;
}
