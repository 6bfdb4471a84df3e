/** Things that have to be done again and again, one at a time, each at its own pace. */
import { type Clock, sleep } from "../../telemetry/clock.ts";

/** One of them. `run` returns after how many milliseconds it is due again; it must not throw. */
export interface Task {
  readonly name: string;
  run(signal: AbortSignal): Promise<number>;
}

/** See the file's head. What is most overdue comes first. */
export class Rounds {
  readonly #clock: Clock;
  readonly #due = new Map<Task, number>();
  #wake = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Adds a task, due in so many milliseconds. */
  add(task: Task, inMs = 0): void {
    this.#due.set(task, this.#clock.now() + inMs);
    this.#wake.abort();
  }

  /** Makes a task due in `inMs` at the latest. */
  hasten(task: Task, inMs: number): void {
    const due = this.#due.get(task);
    const wanted = this.#clock.now() + inMs;
    if (due === undefined || due <= wanted) return;
    this.#due.set(task, wanted);
    this.#wake.abort();
  }

  /** In how many milliseconds a task is due; undefined where it is being done now. */
  dueInMs(task: Task): number | undefined {
    const due = this.#due.get(task);
    return due === undefined ? undefined : Math.max(0, due - this.#clock.now());
  }

  /** Until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#wake = new AbortController();
      const [next] = [...this.#due].sort(([, a], [, b]) => a - b);
      const waitMs = next === undefined ? NEVER_MS : next[1] - this.#clock.now();
      if (next === undefined || waitMs > 0) {
        await sleep(waitMs, AbortSignal.any([signal, this.#wake.signal]), this.#clock);
        continue;
      }
      const [task] = next;
      this.#due.delete(task);
      const againMs = await task.run(signal);
      // It may have been added anew meanwhile.
      if (!this.#due.has(task)) this.#due.set(task, this.#clock.now() + againMs);
    }
  }
}

const NEVER_MS = 3_600_000;
