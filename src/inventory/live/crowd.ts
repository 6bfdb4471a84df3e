/**
 * While many workspaces are built at the same time, looking at one after the other takes too long. Then the jobs of
 * provisioners tell which of them have changed: one small list for each organization, however many builds there are.
 */
import { type Clock, sleep } from "../../telemetry/clock.ts";

export interface CrowdOptions {
  readonly clock: Clock;
  /** How many workspaces are built now. */
  size(): number;
  /** Which have changed since it was called last. */
  changed(signal: AbortSignal): Promise<Iterable<string>>;
  /** Asks for workspaces, and enters what is learnt. */
  look(ids: readonly string[], signal: AbortSignal): Promise<unknown>;
}

/** Up to so many are looked at one by one, each often enough. */
export const FEW = 2;
/** Time between two lists of jobs, in milliseconds. */
const EVERY_MS = 600;
/** The part of its time that a Coder may be busy with these lists. */
const SHARE = 0.02;
const TROUBLE_MS = 30_000;

/** See the file's head. */
export class Crowd {
  readonly #options: CrowdOptions;
  #wake = new AbortController();

  constructor(options: CrowdOptions) {
    this.#options = options;
  }

  /** There may be more than a few by now. */
  wake(): void {
    if (this.#options.size() > FEW) this.#wake.abort();
  }

  /** Until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, size } = this.#options;
    let isNew = true;
    while (!signal.aborted) {
      if (size() <= FEW) {
        isNew = true;
        this.#wake = new AbortController();
        await sleep(IDLE_MS, AbortSignal.any([signal, this.#wake.signal]), clock);
        continue;
      }
      const waitMs = await this.#round(isNew, signal);
      isNew = false;
      await sleep(waitMs, signal, clock);
    }
  }

  /** Returns how long to wait, in milliseconds. */
  async #round(isNew: boolean, signal: AbortSignal): Promise<number> {
    const { clock, changed, look } = this.#options;
    const sentAt = clock.now();
    try {
      const ids = [...await changed(signal)];
      const tookMs = clock.now() - sentAt;
      // What was there before the first list has its own looks.
      if (!isNew && ids.length > 0) await look(ids, signal);
      return Math.max(0, sentAt + Math.max(EVERY_MS, tookMs / SHARE) - clock.now());
    } catch {
      // The other lists tell of the trouble, and looks go on one by one.
      return TROUBLE_MS;
    }
  }
}

const IDLE_MS = 3_600_000;
