/** Which workers are there, as the coordinators of this process have heard. */
import { GONE_MS } from "./sighting_rules.ts";
import type { WorkerProcess, WorkerSightings } from "./types.ts";

export class MemorySightings implements WorkerSightings {
  /** Until when it counts; negative: until when it is gone. */
  readonly #until = new Map<string, number>();
  readonly #now: () => number;

  /** @param now milliseconds since 1970 */
  constructor({ now = Date.now }: { readonly now?: () => number } = {}) {
    this.#now = now;
  }

  // deno-lint-ignore require-await -- sightings are asynchronous, and reject
  async heard(workers: readonly WorkerProcess[], forMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const now = this.#prune();
    for (const worker of workers) {
      const key = keyOf(worker);
      const known = this.#until.get(key) ?? 0;
      if (-known > now) continue;
      this.#until.set(key, Math.max(known, now + forMs));
    }
  }

  // deno-lint-ignore require-await -- as above
  async gone(worker: WorkerProcess, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#until.set(keyOf(worker), -(this.#prune() + GONE_MS));
  }

  // deno-lint-ignore require-await -- as above
  async isHeard(worker: WorkerProcess, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    return (this.#until.get(keyOf(worker)) ?? 0) > this.#now();
  }

  /** Forgets what does not count any more. @returns now */
  #prune(): number {
    const now = this.#now();
    for (const [key, until] of this.#until) if (Math.abs(until) <= now) this.#until.delete(key);
    return now;
  }
}

/** JSON, because names may have any character in them. */
function keyOf({ id, incarnation }: WorkerProcess): string {
  return JSON.stringify([id, incarnation]);
}
