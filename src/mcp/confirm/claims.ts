/** Which plans were carried out: each once, at whichever replica. */
import { type Clock, sleep, systemClock } from "../../telemetry/clock.ts";

export interface PlanClaimStore {
  /**
   * Whether nobody else has done so before. Rejects where that cannot be found out.
   *
   * @param until when it may be forgotten, in milliseconds since 1970
   */
  claim(nonce: string, until: number, signal: AbortSignal): Promise<boolean>;
  /** Forgets what is over, until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Between two looks at what may be forgotten, in milliseconds. */
const SWEEP_MS = 60_000;

/** For one process. */
export class MemoryClaims implements PlanClaimStore {
  readonly #claimed = new Map<string, number>();
  readonly #clock: Clock;
  readonly #now: () => number;

  constructor({ clock = systemClock, now = Date.now }: { clock?: Clock; now?: () => number } = {}) {
    this.#clock = clock;
    this.#now = now;
  }

  get size(): number {
    return this.#claimed.size;
  }

  claim(nonce: string, until: number): Promise<boolean> {
    if (this.#claimed.has(nonce)) return Promise.resolve(false);
    this.#claimed.set(nonce, until);
    return Promise.resolve(true);
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const [nonce, until] of this.#claimed) if (until <= this.#now()) this.#claimed.delete(nonce);
      await sleep(SWEEP_MS, signal, this.#clock);
    }
  }
}
