/**
 * Work that is put off for a moment, so that what comes together is done together: a list of Coder tells of many changes
 * within milliseconds, and a thousand watchers of them are better written to once than many times.
 */
import type { Clock } from "../../../telemetry/clock.ts";

export class Gathering {
  readonly #work = new Set<() => void>();
  #cancel: (() => void) | undefined;

  /** @param ms how long work is put off at most, in milliseconds; 0: not at all */
  constructor(private readonly clock: Clock, private readonly ms: number) {}

  /** Does `work` soon, and once, however often it is asked for until then. It must not throw. */
  readonly later = (work: () => void): void => {
    if (this.ms <= 0) return work();
    this.#work.add(work);
    this.#cancel ??= this.clock.setTimer(() => this.doAll(), this.ms);
  };

  /** Does now what was put off; no timer stays behind. */
  doAll(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const all = [...this.#work];
    this.#work.clear();
    for (const work of all) work();
  }
}
