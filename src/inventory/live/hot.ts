/** Workspaces that change by themselves just now: looked at one by one, or followed by streams, until they are at rest. */
import type { Workspace } from "../../coder/mod.ts";
import { type Clock, sleep } from "../../telemetry/clock.ts";
import { isChanging } from "./workspace_state.ts";

export interface HotOptions {
  readonly clock: Clock;
  /** Asks for a workspace, and enters what is learnt. Rejects where nothing could be learnt. */
  look(id: string, signal: AbortSignal): Promise<void>;
  /**
   * Follows a workspace as long as it can, and enters what is learnt; `begun` is called when it begins to hear. Absent:
   * there are no streams.
   */
  readonly follow?: ((id: string, begun: () => void, signal: AbortSignal) => Promise<void>) | undefined;
  /** Streams at a time. @default {32} */
  readonly mostStreams?: number;
}

/**
 * Time between two looks at one workspace, in milliseconds: soon after it has changed, and later. Less than a second, so
 * that with Coder's answer a change is known within one.
 */
const SOON_MS = 800;
const LATER_MS = 5_000;
const SOON_UNTIL_MS = 120_000;
/** What has not changed for so long waits for somebody (a provisioner, an agent): the lists are enough for it. */
const HOT_MS = 600_000;
/** Time between two looks at any, in milliseconds. */
const GAP_MS = 400;
/** What is followed is looked at seldom: streams are silent while Coder's database is away. */
const FOLLOWED_MS = 15_000;
const TROUBLE_MS = 5_000;

interface Hot {
  changedAt: number;
  dueAt: number;
  /** No stream before. */
  streamAt: number;
  stream: AbortController | undefined;
  isFollowed: boolean;
}

export class HotSet {
  readonly #options: HotOptions;
  readonly #hot = new Map<string, Hot>();
  #wake = new AbortController();
  #over = AbortSignal.abort();

  constructor(options: HotOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#hot.size;
  }

  /** Ids of those that change just now. */
  ids(): string[] {
    return [...this.#hot.keys()];
  }

  /** Streams that are open. */
  get streams(): number {
    return [...this.#hot.values()].filter(({ stream }) => stream !== undefined).length;
  }

  /** Takes the newest word on a workspace. */
  told(workspace: Workspace): void {
    const now = this.#options.clock.now();
    const { id, latest_build: { status } } = workspace;
    const there = this.#hot.get(id);
    // Coder's last word on it has to come by its id.
    if (!isChanging(workspace) && status !== "deleted") return this.gone(id);
    const dueAt = now + (status === "deleted" ? 0 : SOON_MS);
    if (there === undefined) {
      this.#hot.set(id, { changedAt: now, dueAt, streamAt: now, stream: undefined, isFollowed: false });
    } else {
      there.changedAt = now;
      if (!there.isFollowed || status === "deleted") there.dueAt = Math.min(there.dueAt, dueAt);
    }
    this.#wake.abort();
  }

  /** It is at rest, or no more. */
  gone(id: string): void {
    this.#hot.get(id)?.stream?.abort();
    this.#hot.delete(id);
  }

  /** Until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    this.#over = signal;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      this.#openStreams();
      const now = clock.now();
      const next = this.#next(now);
      const waitMs = next === undefined ? FOLLOWED_MS : next.dueAt - now;
      if (next === undefined || waitMs > 0) {
        await sleep(waitMs, AbortSignal.any([signal, this.#wake.signal]), clock);
        continue;
      }
      await this.#look(next.id, signal);
      await sleep(GAP_MS, signal, clock);
    }
    for (const id of [...this.#hot.keys()]) this.gone(id);
  }

  /** The one that is due first. Those that have not changed for long are dropped. */
  #next(now: number): { id: string; dueAt: number } | undefined {
    let first: { id: string; dueAt: number } | undefined;
    for (const [id, { dueAt, changedAt }] of this.#hot) {
      if (now - changedAt >= HOT_MS) this.gone(id);
      else if (first === undefined || dueAt < first.dueAt) first = { id, dueAt };
    }
    return first;
  }

  async #look(id: string, signal: AbortSignal): Promise<void> {
    const { clock, look } = this.#options;
    let everyMs: number = TROUBLE_MS;
    try {
      await look(id, signal);
      everyMs = this.#everyMs(id);
    } catch {
      // The lists tell of the trouble.
    }
    const hot = this.#hot.get(id);
    if (hot !== undefined) hot.dueAt = clock.now() + everyMs;
  }

  #everyMs(id: string): number {
    const hot = this.#hot.get(id);
    if (hot === undefined) return 0;
    if (hot.isFollowed) return FOLLOWED_MS;
    return this.#options.clock.now() - hot.changedAt < SOON_UNTIL_MS ? SOON_MS : LATER_MS;
  }

  #openStreams(): void {
    const { clock, follow, mostStreams = 32 } = this.#options;
    if (follow === undefined || this.#over.aborted) return;
    const now = clock.now();
    let room = mostStreams - this.streams;
    for (const [id, hot] of this.#hot) {
      if (room <= 0) return;
      if (hot.stream !== undefined || hot.streamAt > now) continue;
      room--;
      const stream = hot.stream = new AbortController();
      const end = () => {
        if (hot.stream !== stream) return;
        hot.stream = undefined;
        hot.isFollowed = false;
        hot.streamAt = clock.now() + TROUBLE_MS;
        hot.dueAt = Math.min(hot.dueAt, clock.now() + SOON_MS);
        this.#wake.abort();
      };
      const begun = () => {
        hot.isFollowed = true;
        hot.dueAt = clock.now() + FOLLOWED_MS;
      };
      follow(id, begun, AbortSignal.any([stream.signal, this.#over])).then(end, end);
    }
  }
}
