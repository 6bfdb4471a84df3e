/** What is served below `/ui`: the page for everybody, data for whoever is let in. */
import { refuse } from "../../mcp/http/answers.ts";
import type { HttpCall } from "../../mcp/http/http_call.ts";
import type { PageDoor, Pages } from "../../mcp/http/pages.ts";
import { KeepAlive } from "../../mcp/http/sse.ts";
import { ToolError, toolError, type ToolErrorCode } from "../../mcp/errors.ts";
import type { Visitor } from "../../mcp/surface.ts";
import { within } from "../../caller/within.ts";
import { type Clock, systemClock } from "../../telemetry/clock.ts";
import { type Logger, silentLogger } from "../../telemetry/logger.ts";
import { type Metrics, noMetrics } from "../../telemetry/metrics.ts";
import type { Boards } from "../boards.ts";
import { buildLog } from "../build_log.ts";
import type { PageConfig, WatchEvent } from "../types.ts";
import { Watcher } from "../watcher.ts";
import { diagnosisFor } from "./diagnosis.ts";
import { filesHandler, type PageFile } from "./files.ts";
import { JSON_HEADERS, pageHeadersFor } from "./headers.ts";
import { Room, type RoomLimits } from "./room.ts";
import { WatchStreams } from "./streams.ts";
import { MOST_UNREAD, Telling, whenRead } from "./telling.ts";

export interface UiPagesOptions {
  readonly files: ReadonlyMap<string, PageFile>;
  readonly config: PageConfig;
  readonly boards: Boards;
  readonly version: string;
  /** Which of several processes this is. */
  readonly replica: string;
  /** Whether there is anything to diagnose, and logs of builds. */
  readonly hasCluster: boolean;
  /** Takes secrets out of what is shown. */
  readonly redaction: { text(text: string): string; value<T>(value: T): T };
  /** @default {16 of a caller, 1,024 in all} */
  readonly streamLimits?: Partial<RoomLimits>;
  /** How often it is looked whether somebody is still let in, in milliseconds. @default {60_000} */
  readonly readmitMs?: number;
  /** @default {15_000} */
  readonly keepAliveMs?: number;
  /** What a diagnosis may take, in milliseconds. @default {30_000} */
  readonly diagnosisMs?: number;
  readonly metrics?: Metrics;
  readonly log?: Logger;
  readonly clock?: Clock;
  /** Milliseconds since 1970. @default {Date.now} */
  readonly now?: () => number;
}

export const UI_PREFIX = "/ui";

const STREAMS: RoomLimits = { eachCaller: 16, all: 1_024 };
const DIAGNOSES: RoomLimits = { eachCaller: 2, all: 16 };

const STALLED = "what was told was not read for too long: come again";

const STATUS: Readonly<Partial<Record<ToolErrorCode, number>>> = {
  forbidden: 403,
  not_found: 404,
  timeout: 504,
  unavailable: 503,
  internal: 500,
};

/** Makes them; nothing is asked before somebody watches. */
export function uiPages(options: UiPagesOptions): Pages {
  return new UiPages(options);
}

class UiPages implements Pages {
  readonly prefix = UI_PREFIX;
  readonly #options: UiPagesOptions;
  readonly #files: ReturnType<typeof filesHandler>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #streams: WatchStreams;
  readonly #diagnoses = new Room(DIAGNOSES);

  constructor(options: UiPagesOptions) {
    const { metrics = noMetrics, readmitMs, clock = systemClock, log = silentLogger } = options;
    this.#options = options;
    this.#clock = clock;
    this.#log = log;
    this.#files = filesHandler(options.files, pageHeadersFor(options.config.oidc?.issuer));
    const open = metrics.gauge("coder_k8s_ui_open_streams", "Streams of the page /ui and of coder-k8s top.");
    this.#streams = new WatchStreams({
      room: new Room({ ...STREAMS, ...options.streamLimits }, (size) => open.set({}, size)),
      keepAlive: new KeepAlive(options.keepAliveMs),
      clock,
      ...(readmitMs === undefined ? {} : { readmitMs }),
    });
  }

  async handle(call: HttpCall, door: PageDoor): Promise<void> {
    if (call.path === this.prefix) {
      // Relative: whatever comes before it at a proxy stays.
      return call.answer(302, undefined, { location: "ui/", "cache-control": "no-store" });
    }
    const path = call.path.slice(this.prefix.length + 1);
    if (!path.startsWith("api/")) {
      if (!this.#files(call, path)) refuse(call, 404, "there is no such page", { headers: JSON_HEADERS });
      return;
    }
    Object.assign(call.extraHeaders, JSON_HEADERS);
    if (path === "api/config") return this.#answer(call, this.#options.config);
    const serve = this.#dataOf(path.slice(4));
    if (serve === undefined) return refuse(call, 404, "there is nothing here");
    // A page elsewhere must not make a browser that is let in by itself open streams here.
    const site = call.header("sec-fetch-site");
    if (site !== undefined && site !== "same-origin" && site !== "none") {
      return refuse(call, 403, "only its own page may ask");
    }
    if (call.method === "HEAD") return refuse(call, 405, "method not allowed", { headers: { allow: "GET" } });
    const visitor = await door.admit();
    if (visitor === undefined || call.isGone) return;
    try {
      await serve(call, visitor, door);
    } catch (error) {
      this.#refuse(call, error);
    }
  }

  #dataOf(name: string): ((call: HttpCall, visitor: Visitor, door: PageDoor) => Promise<void>) | undefined {
    if (name === "events") return (...args) => this.#events(...args);
    if (!this.#options.hasCluster) return undefined;
    if (name === "diagnosis") return (call, visitor) => this.#diagnosis(call, visitor);
    if (name === "log") return (...args) => this.#buildLog(...args);
    return undefined;
  }

  #answer(call: HttpCall, value: unknown): void {
    call.answer(200, JSON.stringify(value), JSON_HEADERS);
  }

  #refuse(call: HttpCall, error: unknown): void {
    if (call.isGone) return;
    const shown = toolError(error);
    if (shown.code === "internal") {
      this.#log.error("what people watch could not be told", { path: call.path, error });
    }
    refuse(call, STATUS[shown.code] ?? 400, this.#options.redaction.text(shown.message));
  }

  async #events(call: HttpCall, visitor: Visitor, door: PageDoor): Promise<void> {
    const { boards, version, replica, hasCluster } = this.#options;
    const release = this.#streams.place(call, visitor);
    if (release === undefined) return;
    try {
      const watched = await withSignal(call, (signal) => boards.open(visitor, signal));
      try {
        if (call.isGone) return;
        clearStreamHeaders(call);
        const open = this.#streams.open(call, door, visitor, watched.admitted);
        const hello: Extract<WatchEvent, { kind: "hello" }> = {
          kind: "hello",
          user: visitor.caller.user.name,
          version,
          sections: watched.sections,
          diagnosis: hasCluster,
          replica,
        };
        const watcher = new Watcher({ board: watched.board, hello, onNews: () => telling.news() });
        const telling = new Telling({
          stream: open.stream,
          watcher,
          clock: this.#clock,
          onStalled: () => open.end(STALLED),
        });
        telling.start();
        await open.ended;
        telling.end();
        watcher.close();
      } finally {
        watched.release();
      }
    } finally {
      release();
    }
  }

  async #diagnosis(call: HttpCall, visitor: Visitor): Promise<void> {
    const { redaction, diagnosisMs = 30_000, now = Date.now } = this.#options;
    const release = this.#diagnoses.take(visitor.caller.id);
    if (typeof release !== "function") {
      const status = release === "caller" ? 429 : 503;
      return refuse(call, status, "too many diagnoses at once: try again", {
        headers: { "retry-after": "2" },
      });
    }
    try {
      const answer = await withSignal(
        call,
        (gone) => within(gone, diagnosisMs, (signal) => diagnosisFor(call.query, visitor, { now, signal })),
      );
      this.#answer(call, redaction.value(answer));
    } finally {
      release();
    }
  }

  async #buildLog(call: HttpCall, visitor: Visitor, door: PageDoor): Promise<void> {
    const { query } = call;
    const namespace = query.get("namespace") ?? "";
    const name = query.get("workspace") ?? "";
    const given = query.get("build") ?? "";
    if (namespace === "" || name === "") {
      throw new ToolError("invalid", "namespace and workspace are required");
    }
    if (!/^\d{0,9}$/.test(given)) throw new ToolError("invalid", "build must be a number");
    const release = this.#streams.place(call, visitor);
    if (release === undefined) return;
    let { cluster } = visitor;
    const abort = new AbortController();
    const forget = call.onGone(() => abort.abort());
    const lines = buildLog({
      cluster: () => cluster,
      key: { namespace, name },
      ...(given === "" || given === "0" ? {} : { build: Number(given) }),
      signal: abort.signal,
      clock: this.#clock,
    });
    try {
      // What is refused before the first line is refused as such.
      let next = await lines.next();
      if (call.isGone) return;
      clearStreamHeaders(call);
      const open = this.#streams.open(call, door, visitor, (again) => cluster = again.cluster);
      open.signal.addEventListener("abort", () => abort.abort(), { once: true });
      try {
        for (; next.done !== true && open.stream.isOpen; next = await lines.next()) {
          for (const line of this.#options.redaction.value(next.value)) {
            if (open.stream.unread > MOST_UNREAD && !await whenRead(open.stream, this.#clock)) {
              return open.end(STALLED);
            }
            open.stream.event("line", JSON.stringify(line));
          }
          if (!await whenRead(open.stream, this.#clock)) return open.end(STALLED);
        }
        open.end("");
      } catch (error) {
        open.end(this.#options.redaction.text(toolError(error).message));
      }
    } finally {
      abort.abort();
      forget();
      release();
    }
  }

  close(): void {
    this.#streams.close("this server ends: come again");
    this.#options.boards.close();
  }
}

/** A stream has headers of its own. */
function clearStreamHeaders(call: HttpCall): void {
  for (const name of Object.keys(JSON_HEADERS)) delete call.extraHeaders[name];
}

/** Ends with the client. */
async function withSignal<T>(call: HttpCall, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  const forget = call.onGone(() => abort.abort(new DOMException("The client is gone.", "AbortError")));
  try {
    return await run(abort.signal);
  } finally {
    forget();
  }
}
