/** The server of the page, played: what the contract allows it to say, and what a hostile one might. */
import type { PageConfig, Section, WatchEvent } from "../../src/ui/types.ts";
import { SECTIONS } from "../../src/ui/types.ts";
import { pageFiles } from "../../src/ui/page/mod.ts";

/** Who watches just now. */
export interface Watcher {
  readonly token: string;
  send(event: WatchEvent): void;
  /** Text of any kind, as it is. */
  raw(text: string): void;
  end(): void;
}

export interface FakeServerOptions {
  readonly config?: PageConfig;
  /** Origins beside its own that the page may call. */
  readonly connect?: readonly string[];
}

/** As strict as the real one's. */
export function securityPolicy(connect: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src ${["'self'", ...connect].join(" ")}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}

export class FakeServer implements AsyncDisposable {
  config: PageConfig;
  /** Tokens that are taken; undefined: nobody has to say who they are. */
  tokens: Set<string> | undefined = undefined;
  /** Answers every call of the API instead, where it gives something. */
  refuse: (path: string) => Response | undefined = () => undefined;
  /** What each new watcher is told. */
  opening: (watcher: Watcher) => void = () => {};
  diagnosis: (url: URL) => Response | Promise<Response> = () => Response.json({ summary: "", causes: [] });
  log: (url: URL) => Response = () => new Response("event: end\ndata: {}\n\n", SSE);
  readonly watchers = new Set<Watcher>();
  /** Every request: method, path with query, and whether it had a token. */
  readonly requests: { readonly what: string; readonly token: string }[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #connect: readonly string[];

  constructor({ config = { open: true, token: "a token" }, connect = [] }: FakeServerOptions = {}) {
    this.config = config;
    this.#connect = connect;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#answer(request),
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/ui/`;
  }

  /** Tells everybody. */
  send(event: WatchEvent): void {
    for (const watcher of this.watchers) watcher.send(event);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const watcher of this.watchers) watcher.end();
    await this.#server.shutdown();
  }

  #answer(request: Request): Response | Promise<Response> {
    const url = new URL(request.url);
    const token = (request.headers.get("authorization") ?? "").replace(/^Bearer /, "");
    this.requests.push({ what: `${request.method} ${url.pathname}${url.search}`, token });
    const path = url.pathname.replace(/^\/ui\//, "");
    if (!path.startsWith("api/")) return this.#file(path === "" ? "index.html" : path);
    const refusal = this.refuse(path);
    if (refusal !== undefined) return refusal;
    if (path === "api/config") return Response.json(this.config);
    if (this.tokens !== undefined && !this.tokens.has(token)) {
      return Response.json({ message: "the token is not known" }, { status: 401 });
    }
    if (path === "api/events") return this.#events(token);
    if (path === "api/diagnosis") return this.diagnosis(url);
    if (path === "api/log") return this.log(url);
    return new Response("nothing here", { status: 404 });
  }

  #file(path: string): Response {
    const file = pageFiles().get(path);
    if (file === undefined) return new Response("nothing here", { status: 404 });
    return new Response(file.text, {
      headers: {
        "content-type": file.type,
        "content-security-policy": securityPolicy(this.#connect),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
      },
    });
  }

  #events(token: string): Response {
    const encoder = new TextEncoder();
    let watcher: Watcher;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        const raw = (text: string) => {
          if (this.watchers.has(watcher)) controller.enqueue(encoder.encode(text));
        };
        watcher = {
          token,
          raw,
          send: ({ kind, ...data }) => raw(`event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`),
          end: () => {
            if (this.watchers.delete(watcher)) controller.close();
          },
        };
        this.watchers.add(watcher);
        this.opening(watcher);
      },
      cancel: () => {
        this.watchers.delete(watcher);
      },
    });
    return new Response(body, SSE);
  }
}

/** Of a stream of events. */
export const SSE: ResponseInit = {
  headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
};

/** The first thing that a watcher is told. */
export function hello(user = "ada", sections: readonly Section[] = SECTIONS): WatchEvent {
  return { kind: "hello", user, version: "1.2.3", sections, diagnosis: true };
}
