/** Time of a model: it moves only when it is told to, and the timers of a process that has died never fire. */
import type { Clock as KubeClock } from "../../src/kube/clock.ts";
import type { Clock } from "../../src/telemetry/clock.ts";

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly run: () => void;
  readonly owner: ProcessClock | undefined;
}

/** Milliseconds since 1970 at the beginning of every history. */
export const START_MS = Date.parse("2026-01-01T00:00:00Z");

/** See the file's head. */
export class VirtualClock {
  #now = START_MS;
  #order = 0;
  readonly #timers = new Set<Timer>();

  /** Milliseconds since 1970. */
  now(): number {
    return this.#now;
  }

  /** Whole seconds, as the API server writes times. */
  time(): string {
    return new Date(this.#now).toISOString().replace(/\.\d+Z$/, "Z");
  }

  setTimer(run: () => void, delayMs: number, owner?: ProcessClock): () => void {
    const timer = { due: this.#now + Math.max(0, delayMs), order: this.#order++, run, owner };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** When the next timer fires; undefined where there is none. */
  get nextDue(): number | undefined {
    return this.#first()?.due;
  }

  /** Moves time to the next timer, if that is due by `end`, and runs it; otherwise moves time to `end`. */
  step(end: number): boolean {
    const timer = this.#first();
    if (timer === undefined || timer.due > end) {
      this.#now = Math.max(this.#now, end);
      return false;
    }
    this.#timers.delete(timer);
    this.#now = Math.max(this.#now, timer.due);
    timer.run();
    return true;
  }

  /** Drops the timers of a process. */
  drop(owner: ProcessClock): void {
    for (const timer of this.#timers) if (timer.owner === owner) this.#timers.delete(timer);
  }

  #first(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (
        first === undefined || timer.due < first.due || (timer.due === first.due && timer.order < first.order)
      ) {
        first = timer;
      }
    }
    return first;
  }
}

/** The clock as one process sees it, for all rooms. */
export class ProcessClock implements Clock, KubeClock {
  #stopped = false;

  constructor(readonly clock: VirtualClock) {}

  now(): number {
    return this.clock.now();
  }

  wallTime(): number {
    return this.clock.now();
  }

  date(): Date {
    return new Date(this.clock.now());
  }

  setTimer(run: () => void, delayMs: number): () => void {
    return this.#stopped ? () => {} : this.clock.setTimer(run, delayMs, this);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        cancel();
        reject(signal?.reason);
      };
      const cancel = this.setTimer(() => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      }, ms);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** The process has died: nothing fires any more. */
  stop(): void {
    this.#stopped = true;
    this.clock.drop(this);
  }
}

/** Lets every promise that can settle now do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
