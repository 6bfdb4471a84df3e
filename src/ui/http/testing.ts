/** For tests: the port with what is below `/ui`, and clients of its streams. */
import type { Admit } from "../../mcp/surface.ts";
import type { McpEndpointOptions } from "../../mcp/http/endpoint.ts";
import { testEndpoint } from "../../mcp/http/testing.ts";
import { Boards } from "../boards.ts";
import { calls, LastCalls } from "../sources/calls.ts";
import { productSources } from "../sources/product.ts";
import { NOTHING, type Shown, shownAfter } from "../state.ts";
import { LiveCluster, until, visitorOf } from "../testing.ts";
import type { WatchEvent } from "../types.ts";
import { uiPages, type UiPagesOptions } from "./ui_pages.ts";

/** Starts it: callers are who the bearer token says, until `revoke`. */
export async function testPages(
  options: Partial<UiPagesOptions> = {},
  endpointOptions: Partial<McpEndpointOptions> = {},
) {
  const live = new LiveCluster();
  const last = new LastCalls();
  const revoked = new Set<string>();
  const groups = new Map<string, string>();
  let isAway = false;
  const admit: Admit = ({ headers }) => {
    const name = /^Bearer (.+)$/.exec(headers.get("authorization") ?? "")?.[1];
    if (isAway) return Promise.resolve({ refusal: { status: 503, message: "nobody can say who you are" } });
    if (name === undefined || revoked.has(name)) {
      return Promise.resolve({ refusal: { status: 401, message: "say who you are", challenge: "Bearer" } });
    }
    const visitor = visitorOf(name, live.cluster);
    const id = `${name} ${groups.get(name) ?? ""}`;
    return Promise.resolve({ visitor: { ...visitor, caller: { ...visitor.caller, id } } });
  };
  const boards = new Boards({
    sourcesOf: () =>
      Promise.resolve([...productSources(), calls({ last, seesAll: () => Promise.resolve(live.may) })]),
    lingerMs: 0,
  });
  const pages = uiPages({
    files: new Map([
      ["index.html", { type: "text/html; charset=utf-8", text: "<!doctype html>" }],
      ["app.js", { type: "text/javascript; charset=utf-8", text: "export {}" }],
    ]),
    config: { open: false, token: "a token" },
    boards,
    version: "1.2.3",
    replica: "one",
    hasCluster: true,
    redaction: { text: (text) => text, value: (value) => value },
    ...options,
  });
  const rig = await testEndpoint({ pages, admit, ...endpointOptions });
  return {
    ...rig,
    live,
    last,
    boards,
    revoke: (name: string) => void revoked.add(name),
    regroup: (name: string, group: string) => void groups.set(name, group),
    away: (is: boolean) => void (isAway = is),
    get: (path: string, name?: string, headers: Record<string, string> = {}) =>
      rig.send("GET", path, {
        ...headers,
        ...(name === undefined ? {} : { authorization: `Bearer ${name}` }),
      }),
    watch: (name: string) => WatchClient.open(`${rig.url}/ui/api/events`, name),
  };
}

/** Events as they are sent, with their data parsed. */
export async function* eventsOf(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<{ readonly name: string; readonly data: Record<string, unknown> }, void> {
  let rest = "";
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    rest += chunk;
    for (let end = rest.indexOf("\n\n"); end >= 0; end = rest.indexOf("\n\n")) {
      const lines = rest.slice(0, end).split("\n");
      rest = rest.slice(end + 2);
      const field = (name: string) =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const name = field("event");
      if (name !== undefined) yield { name, data: JSON.parse(field("data") ?? "{}") };
    }
  }
}

/** Somebody who watches, and what they are shown. */
export class WatchClient {
  readonly events: WatchEvent[] = [];
  shown: Shown = NOTHING;
  bytes = 0;
  readonly ended: Promise<void>;
  readonly #abort: AbortController;

  private constructor(readonly response: Response, abort: AbortController) {
    this.#abort = abort;
    this.ended = this.#read(response.body!);
  }

  static async open(
    url: string,
    token: string | undefined,
    init: RequestInit & { client?: Deno.HttpClient } = {},
  ): Promise<WatchClient> {
    const abort = new AbortController();
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(url, { ...init, headers, signal: abort.signal });
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    return new WatchClient(response, abort);
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    try {
      const counted = body.pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>({
          transform: (chunk, controller) => {
            this.bytes += chunk.length;
            controller.enqueue(chunk);
          },
        }),
      );
      for await (const { name, data } of eventsOf(counted)) {
        const event = { kind: name, ...data } as unknown as WatchEvent;
        this.events.push(event);
        this.shown = shownAfter(this.shown, event);
      }
    } catch (error) {
      if (!this.#abort.signal.aborted) throw error;
    }
  }

  until(isSo: (shown: Shown) => boolean, what: string, timeoutMs?: number): Promise<void> {
    return until(() => isSo(this.shown), what, timeoutMs);
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.ended;
  }
}
