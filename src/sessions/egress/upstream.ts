/** Package registries, asked by the worker: with its credentials, by redirects that lead nowhere internal, with patience. */
import { lookup, type LookupAddress } from "node:dns";
import http from "node:http";
import https from "node:https";
import { rootCertificates } from "node:tls";
import { createGunzip } from "node:zlib";
import { isInternal, parseAddress } from "./addresses.ts";

/** What a registry is called and asked with. */
export interface Registry {
  /** Without credentials, and without a slash at its end. */
  readonly url: string;
  /** Value of the header `authorization`; it goes to this origin alone. */
  readonly authorization?: string | undefined;
}

/** A registry could not be asked, or answered something else. One line, without credentials. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
  constructor(
    /** What to answer to who asked: 404 where there is no such thing, 502 for the rest. */
    readonly status: 404 | 502 | 504,
    message: string,
    /** Asking again may help. */
    readonly isPassing = false,
  ) {
    super(message);
  }
}

export interface UpstreamAnswer {
  readonly status: number;
  header(name: string): string | undefined;
  /** Where it came from after redirects. */
  readonly url: URL;
  /** To be read to its end, or left with `break`. */
  readonly body: AsyncIterable<Uint8Array>;
}

const MAX_REDIRECTS = 5;
/** Milliseconds without a byte. */
const IDLE_MS = 30_000;

export class Upstream {
  readonly #agents: { readonly "http:": http.Agent; readonly "https:": https.Agent };

  /**
   * @param caTexts certificates in PEM that are trusted besides the usual ones
   * @param idleMs how long a registry may say nothing
   */
  constructor(
    readonly registries: readonly Registry[],
    caTexts: readonly string[] = [],
    readonly idleMs: number = IDLE_MS,
  ) {
    const options = { keepAlive: true, maxSockets: 16, maxFreeSockets: 4, timeout: idleMs };
    const ca = caTexts.length === 0 ? {} : { ca: [...rootCertificates, ...caTexts] };
    this.#agents = { "http:": new http.Agent(options), "https:": new https.Agent({ ...options, ...ca }) };
  }

  /** Answers 200, 206 and 304. Rejects with {@linkcode UpstreamError}, or the reason of `signal`. */
  async get(
    address: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<UpstreamAnswer> {
    let url = new URL(address);
    for (let count = 0; count <= MAX_REDIRECTS; count++) {
      const answer = await this.#ask(url, headers, signal);
      const location = answer.headers["location"];
      const status = answer.statusCode ?? 0;
      if ([200, 206, 304].includes(status)) return wrapped(answer, url, signal);
      answer.destroy();
      if ([301, 302, 303, 307, 308].includes(status) && location !== undefined) url = next(url, location);
      else throw refused(url, status);
    }
    throw new UpstreamError(502, `${shown(new URL(address))} redirects more than ${MAX_REDIRECTS} times`);
  }

  close(): void {
    this.#agents["http:"].destroy();
    this.#agents["https:"].destroy();
  }

  /** Of that origin; where there are several, the one whose path is the most like it. */
  #registryOf(url: URL): Registry | undefined {
    const likeness = (one: Registry) => {
      const path = new URL(one.url).pathname.split("/");
      const at = url.pathname.split("/").findIndex((part, index) => part !== path[index]);
      return at < 0 ? path.length : at;
    };
    return this.registries.filter((one) => new URL(one.url).origin === url.origin)
      .toSorted((one, other) => likeness(other) - likeness(one))[0];
  }

  #ask(
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<http.IncomingMessage> {
    signal.throwIfAborted();
    const registry = this.#registryOf(url);
    const isKnown = registry !== undefined;
    const literal = parseAddress(url.hostname.replace(/^\[(.*)\]$/, "$1"));
    if (!isKnown && literal !== undefined && isInternal(literal)) throw internal(url);
    const all = { "user-agent": "coder-k8s", "accept-encoding": "identity", ...headers };
    if (registry?.authorization !== undefined) Object.assign(all, { authorization: registry.authorization });
    const module = url.protocol === "https:" ? https : http;
    return new Promise((resolve, reject) => {
      const request = module.request(url, {
        agent: this.#agents[url.protocol as "http:" | "https:"],
        headers: all,
        signal,
        ...(isKnown ? {} : { lookup: publicAddress }),
      }, resolve);
      request.setTimeout(
        this.idleMs,
        () => request.destroy(new UpstreamError(504, `${shown(url)}: no answer`, true)),
      );
      request.on("error", (error: Error) => {
        if (signal.aborted) return reject(signal.reason);
        reject(
          error instanceof UpstreamError
            ? error
            : new UpstreamError(502, `${shown(url)} could not be asked: ${error.message}`, true),
        );
      });
      request.end();
    });
  }
}

/** For messages: without credentials and without a query, which may have some. */
export function shown(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/** Resolves as usual, and leaves out what is internal: the connection goes to what is left, and to nothing else. */
function publicAddress(
  host: string,
  options: { readonly all?: boolean | undefined },
  done: (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void,
): void {
  lookup(host, { ...options, all: true }, (error, found) => {
    if (error !== null) return done(error, []);
    const allowed = found.filter((one) => {
      const address = parseAddress(one.address);
      return address !== undefined && !isInternal(address);
    });
    if (allowed.length === 0) {
      return done(new Error(`${host} has an internal address, and packages are not fetched from there`), []);
    }
    if (options.all === true) done(null, allowed);
    else done(null, allowed[0]!.address, allowed[0]!.family);
  });
}

function next(from: URL, location: string): URL {
  let url: URL;
  try {
    url = new URL(location, from);
  } catch {
    throw new UpstreamError(502, `${shown(from)} redirects to what is no address`);
  }
  if (url.protocol === from.protocol || url.protocol === "https:") return url;
  throw new UpstreamError(502, `${shown(from)} redirects to ${shown(url)}: not from https to something else`);
}

function internal(url: URL): UpstreamError {
  return new UpstreamError(
    502,
    `${shown(url)} is an internal address, and packages are not fetched from there`,
  );
}

function refused(url: URL, status: number): UpstreamError {
  if (status === 404 || status === 410) {
    return new UpstreamError(404, `${shown(url)}: there is no such thing`);
  }
  const hint = status === 401 || status === 403
    ? "; the worker's credentials for this registry may be missing or wrong"
    : "";
  return new UpstreamError(
    502,
    `${shown(url)} answered ${status}${hint}`,
    status === 408 || status === 429 || status >= 500,
  );
}

function wrapped(answer: http.IncomingMessage, url: URL, signal: AbortSignal): UpstreamAnswer {
  const isGzip = answer.headers["content-encoding"] === "gzip";
  return {
    status: answer.statusCode ?? 0,
    header: (name) => {
      const value = answer.headers[name];
      return Array.isArray(value) ? value[0] : value;
    },
    url,
    body: bodyOf(answer, isGzip, url, signal),
  };
}

async function* bodyOf(
  answer: http.IncomingMessage,
  isGzip: boolean,
  url: URL,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const gunzip = isGzip ? createGunzip() : undefined;
  if (gunzip !== undefined) answer.on("error", (error: Error) => gunzip.destroy(error));
  try {
    for await (const piece of gunzip === undefined ? answer : answer.pipe(gunzip)) yield piece;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof UpstreamError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new UpstreamError(502, `${shown(url)} broke off: ${message}`, true);
  } finally {
    answer.destroy();
  }
  signal.throwIfAborted();
  if (!answer.complete) throw new UpstreamError(502, `${shown(url)} broke off in the middle`, true);
}
