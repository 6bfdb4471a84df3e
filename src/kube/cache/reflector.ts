/** Keeps a sink equal to one selection of one kind at the API server, whatever happens to the connection. */
import { apiVersionOf, keyOf, keyText, type KubeObject, type ResourceType } from "../../api/object.ts";
import { type Logger, silentLogger } from "../../telemetry/logger.ts";
import type { Entry, EntryMaker } from "./cache_entry.ts";
import type { KubeClient, Selection, WatchEvent } from "../client.ts";
import { type Clock, systemClock } from "../clock.ts";
import { KubeConnectionError } from "../errors.ts";
import {
  describeTrouble,
  type Failure,
  failureOf,
  SilentWatchError,
  watchLineError,
} from "./reflector_failure.ts";
import {
  initialState,
  type Input,
  type Phase,
  type ReflectorState,
  step,
  type StepOptions,
} from "./reflector_state.ts";
import { pumpWatch } from "./watch_pump.ts";

/** Where the objects go. `replace` and the two others are never called at the same time. */
export interface ReflectorSink<T extends KubeObject> {
  readonly make: EntryMaker<T>;
  /** Called before a list is asked for; its result comes back with the list. */
  mark(): number;
  /** A complete list, by `keyText`. */
  replace(entries: ReadonlyMap<string, Entry<T>>, mark: number): void;
  put(entry: Entry<T>): void;
  remove(entry: Entry<T>): void;
}

/** What is counted. */
export interface ReflectorObserver {
  listed(mode: "list" | "watchlist", result: "ok" | Failure["kind"]): void;
  watchOpened(): void;
  restarted(reason: "ended" | Failure["kind"]): void;
  event(type: WatchEvent<never>["type"]): void;
}

/** Times of a reflector, in milliseconds. */
export interface ReflectorTimes {
  /** Deadline of one page. @default {60_000} */
  listMs?: number;
  /** Deadline for the server to accept a watch. @default {30_000} */
  openMs?: number;
  /**
   * A watch that says nothing for so long is opened again from where it stood. Servers send a bookmark about every
   * minute once their version of the kind has moved on, so a busy kind that is silent for one and a half minutes is
   * broken; for a quiet one, of which nothing tells a frozen connection from a healthy one, this costs one cheap call.
   * @default {90_000}
   */
  stallMs?: number;
  /** A WatchList that is silent for so long before its end is given up for a plain list. @default {10_000} */
  initialQuietMs?: number;
  /** The longest that a WatchList may take to tell the initial state. @default {120_000} */
  initialTotalMs?: number;
  /** The server is asked to close a watch after between one and two times this. @default {300_000} */
  watchMs?: number;
}

export interface ReflectorOptions<T extends KubeObject> {
  client: Pick<KubeClient, "list" | "watch">;
  type: ResourceType<T>;
  selection?: Selection;
  metadataOnly?: boolean;
  sink: ReflectorSink<T>;
  /** Objects a page. @default {500} */
  pageSize?: number;
  /** Ask for the initial state through the watch first. @default {true} */
  watchList?: boolean;
  times?: ReflectorTimes;
  step?: StepOptions;
  clock?: Clock;
  log?: Logger;
  observer?: ReflectorObserver;
  /** Called whenever `synced` or `trouble` changed. */
  onChange?: () => void;
}

const INITIAL_EVENTS_END = "k8s.io/initial-events-end";

/** One LIST and WATCH. See `reflector_state.ts` for its states and transitions. */
export class Reflector<T extends KubeObject> {
  #state: ReflectorState;
  #synced = false;
  #trouble = "";
  #buffer = new Map<string, Entry<T>>();
  #mark = 0;
  readonly #options: ReflectorOptions<T>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #random: () => number;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLogger;
    this.#random = options.step?.random ?? Math.random;
    this.#state = initialState(options.watchList ?? true);
  }

  /** True once a first list has been handed over. */
  get synced(): boolean {
    return this.#synced;
  }

  /** Why it is not watching, in words; empty where it is. */
  get trouble(): string {
    return this.#trouble;
  }

  get phase(): Phase["name"] {
    return this.#state.phase.name;
  }

  /** Lists and watches until `signal` aborts (`stopped`) or the server does not serve the kind (`missing`). */
  async run(signal: AbortSignal): Promise<"stopped" | "missing"> {
    this.#step({ type: "start" });
    while (!signal.aborted) {
      const { phase } = this.#state;
      switch (phase.name) {
        case "missing":
          return "missing";
        case "backoff":
          await this.#clock.sleep(phase.waitMs, signal).catch(() => {});
          this.#step({ type: "waited" });
          break;
        case "initPage":
          await this.#listPage(phase, signal);
          break;
        default:
          await this.#watch(signal);
      }
    }
    return "stopped";
  }

  async #listPage(phase: Phase & { name: "initPage" }, signal: AbortSignal): Promise<void> {
    const { client, type, selection, metadataOnly = false, pageSize = 500, times = {} } = this.#options;
    if (phase.continueToken === undefined) this.#beginInitial();
    try {
      const page = await client.list(type, {
        ...selection,
        metadataOnly,
        signal,
        timeoutMs: times.listMs ?? 60_000,
        ...(phase.paged ? { limit: pageSize } : {}),
        ...(phase.continueToken === undefined ? {} : { continue: phase.continueToken }),
      });
      if (signal.aborted) return;
      for (const item of page.items) this.#keep(item);
      const continueToken = page.continue === "" ? undefined : page.continue;
      if (continueToken === undefined) this.#endInitial("list");
      this.#step({ type: "page", resourceVersion: page.resourceVersion, continueToken });
    } catch (error) {
      if (!signal.aborted) this.#failed(failureOf(error), 0);
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const request = new AbortController();
    const abort = () => request.abort(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    let openedAt: number | undefined;
    const lived = () => openedAt === undefined ? 0 : this.#clock.now() - openedAt;
    try {
      if (this.#state.phase.name === "initialWatch") this.#beginInitial();
      const stream = await this.#open(request);
      const opened = openedAt = this.#clock.now();
      this.#options.observer?.watchOpened();
      if (this.#state.phase.name === "watching") this.#setTrouble("");
      await pumpWatch<T>(stream, (event) => this.#onEvent(event), {
        clock: this.#clock,
        signal: request.signal,
        silentAt: (lastSign) => this.#silentAt(lastSign, opened),
        silence: () => this.#silence(),
      });
      if (signal.aborted) return;
      this.#options.observer?.restarted("ended");
      this.#step({ type: "ended", livedMs: lived() });
    } catch (error) {
      if (!signal.aborted) this.#failed(failureOf(error), lived());
    } finally {
      signal.removeEventListener("abort", abort);
      request.abort(new DOMException("The watch is over.", "AbortError"));
    }
  }

  /** The watch call, with a deadline that holds whatever the client does. */
  async #open(request: AbortController): Promise<AsyncIterable<WatchEvent<T>>> {
    const { client, type, selection, metadataOnly = false, times = {} } = this.#options;
    const { phase } = this.#state;
    const watchMs = times.watchMs ?? 300_000;
    const settled = new AbortController();
    const late = async () => {
      await this.#clock.sleep(times.openMs ?? 30_000, settled.signal);
      const error = new KubeConnectionError(
        "The API server did not answer a watch request in time.",
        this.#call,
      );
      request.abort(error);
      throw error;
    };
    const deadline = late();
    deadline.catch(() => {});
    const opening = client.watch(type, {
      ...selection,
      metadataOnly,
      signal: request.signal,
      allowBookmarks: true,
      timeoutSeconds: Math.max(1, Math.round(watchMs * (1 + this.#random()) / 1000)),
      ...(phase.name === "watching"
        ? { resourceVersion: phase.resourceVersion }
        : { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" }),
    });
    opening.catch(() => {});
    try {
      return await Promise.race([opening, deadline]);
    } finally {
      settled.abort();
    }
  }

  #silentAt(lastSign: number, openedAt: number): number {
    const { stallMs = 90_000, initialQuietMs = 10_000, initialTotalMs = 120_000 } = this.#options.times ?? {};
    return this.#state.phase.name === "initialWatch"
      ? Math.min(lastSign + initialQuietMs, openedAt + initialTotalMs)
      : lastSign + stallMs;
  }

  #silence(): SilentWatchError {
    return this.#state.phase.name === "initialWatch"
      ? new SilentWatchError(
        "The server took sendInitialEvents but did not mark the end of the initial state.",
        "quiet",
      )
      : new SilentWatchError("Neither an event nor a bookmark came for too long.", "stalled");
  }

  #onEvent(event: WatchEvent<T>): void {
    this.#options.observer?.event(event.type);
    if (event.type === "ERROR") throw watchLineError(event.object, this.#call.path);
    const { annotations, resourceVersion } = event.object.metadata;
    const initial = this.#state.phase.name === "initialWatch";
    if (event.type !== "BOOKMARK") {
      if (initial) this.#keep(event.object, event.type === "DELETED");
      else this.#apply(event);
    } else if (initial && annotations?.[INITIAL_EVENTS_END] === "true" && resourceVersion !== undefined) {
      this.#endInitial("watchlist");
      this.#step({ type: "initialEnd", resourceVersion });
    }
    if (typeof resourceVersion === "string" && resourceVersion !== "") {
      this.#step({ type: "progress", resourceVersion });
    }
  }

  #apply(event: WatchEvent<T> & { type: "ADDED" | "MODIFIED" | "DELETED" }): void {
    const entry = this.#options.sink.make(event.object);
    if (entry === undefined) return;
    if (event.type === "DELETED") this.#options.sink.remove(entry);
    else this.#options.sink.put(entry);
  }

  #beginInitial(): void {
    this.#buffer = new Map();
    this.#mark = this.#options.sink.mark();
  }

  /** Puts an object of the initial state aside; nothing of it shows before it is complete. */
  #keep(object: T, deleted = false): void {
    const entry = this.#options.sink.make(object);
    if (entry === undefined) return;
    const key = keyText(keyOf(entry.object));
    if (deleted) this.#buffer.delete(key);
    else this.#buffer.set(key, entry);
  }

  #endInitial(mode: "list" | "watchlist"): void {
    const entries = this.#buffer;
    this.#buffer = new Map();
    this.#options.observer?.listed(mode, "ok");
    this.#options.sink.replace(entries, this.#mark);
    this.#synced = true;
    this.#setTrouble("");
  }

  #failed(failure: Failure, livedMs: number): void {
    const { type, selection = {}, observer } = this.#options;
    const { phase } = this.#state;
    if (phase.name !== "watching") {
      observer?.listed(phase.name === "initialWatch" ? "watchlist" : "list", failure.kind);
    }
    observer?.restarted(failure.kind);
    this.#step({ type: "failed", failure, livedMs });
    const next = this.#state.phase;
    const waitMs = next.name === "backoff" ? Math.round(next.waitMs) : 0;
    const fields = { phase: phase.name, failure: failure.kind, error: failure.message, waitMs };
    // What is going on at once (an expired version, a server without WatchList) is no trouble.
    if (next.name !== "backoff" && next.name !== "missing") {
      this.#log.debug("Watch restarts", fields);
      return;
    }
    const trouble = describeTrouble(failure, type, selection);
    // Whether a missing kind is worth a warning is for the one who knows whether it is needed.
    if (this.#trouble !== trouble && next.name !== "missing") this.#log.warn(trouble, fields);
    else this.#log.debug("Watch still fails", fields);
    this.#setTrouble(trouble);
  }

  #setTrouble(trouble: string): void {
    const changed = this.#trouble !== trouble;
    if (changed && trouble === "") this.#log.info("Watching again");
    this.#trouble = trouble;
    if (changed || trouble === "") this.#options.onChange?.();
  }

  #step(input: Input): void {
    this.#state = step(this.#state, input, { ...this.#options.step, random: this.#random });
  }

  get #call(): { method: string; path: string } {
    const { type } = this.#options;
    return { method: "GET", path: `${apiVersionOf(type)}/${type.plural}` };
  }
}
