/** A clock that stands still until a test moves it. For tests alone. */
import { setImmediate } from "node:timers";
import type { Clock } from "../clock.ts";

interface Sleeper {
  due: number;
  wake: () => void;
}

/** Sleepers wake in the order of their times. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #sleepers = new Set<Sleeper>();

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return Date.UTC(2026, 0, 1) + this.#now;
  }

  /** How many sleeps are under way. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const end = (settleIt: () => void) => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener("abort", onAbort);
        settleIt();
      };
      const onAbort = () => end(() => reject(signal?.reason));
      const sleeper = { due: this.#now + Math.max(0, ms), wake: () => end(resolve) };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Moves time by `ms`; whoever wakes gets to run before time goes on. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let next = this.#next(); next !== undefined && next.due <= end; next = this.#next()) {
      this.#now = next.due;
      next.wake();
      await settle();
    }
    this.#now = end;
    await settle();
  }

  /** Moves time from sleeper to sleeper until `condition` holds; throws where that takes more than `limitMs`. */
  async until(condition: () => boolean, what: string, limitMs = 600_000): Promise<void> {
    const limit = this.#now + limitMs;
    for (;;) {
      await settle();
      if (condition()) return;
      const next = this.#next();
      if (next === undefined || next.due > limit) {
        throw new Error(`${what}: not within ${limitMs} ms of the test's clock`);
      }
      this.#now = next.due;
      next.wake();
    }
  }

  #next(): Sleeper | undefined {
    let first: Sleeper | undefined;
    for (const sleeper of this.#sleepers) if (first === undefined || sleeper.due < first.due) first = sleeper;
    return first;
  }
}

/** Lets every promise that can settle now do so. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(() => resolve(undefined)));
}
