/** Uses of sessions, written down now and then: a call is not to cost a write, and no session ends while a call is in it. */
import type { SessionRecord } from "../types.ts";
import type { Core } from "./core.ts";

interface Use {
  record: SessionRecord;
  running: number;
  /** When it was written down last, by the clock. */
  writtenAt: number;
  cancelTimer: () => void;
}

export class Touches {
  readonly #uses = new Map<string, Use>();

  constructor(private readonly core: Core) {}

  /** A call begins in an open session. @returns what ends it */
  begin(record: SessionRecord): () => void {
    const use = this.#uses.get(record.id) ??
      { record, running: 0, writtenAt: -Infinity, cancelTimer: () => {} };
    this.#uses.set(record.id, use);
    use.record = record;
    if (use.running++ === 0) this.#arm(use);
    this.#write(use);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      if (--use.running === 0) use.cancelTimer();
      this.#write(use);
    };
  }

  /** Whether a call is in it, here. */
  isUsed(id: string): boolean {
    return (this.#uses.get(id)?.running ?? 0) > 0;
  }

  /** Forgets what need not be known any more. */
  prune(): void {
    const now = this.core.clock.now();
    for (const [id, use] of this.#uses) {
      if (use.running === 0 && now - use.writtenAt >= this.#every(use)) this.#uses.delete(id);
    }
  }

  close(): void {
    for (const { cancelTimer } of this.#uses.values()) cancelTimer();
    this.#uses.clear();
  }

  #arm(use: Use): void {
    use.cancelTimer = this.core.clock.setTimer(() => {
      this.#arm(use);
      this.#write(use);
    }, use.record.ttlMs / 3);
  }

  #every({ record }: Use): number {
    return Math.min(this.core.settings.touchEveryMs, record.ttlMs / 10);
  }

  #write(use: Use): void {
    const { background, clock, now, store } = this.core;
    if (clock.now() - use.writtenAt < this.#every(use)) return;
    use.writtenAt = clock.now();
    const { id, ttlMs } = use.record;
    const at = now();
    void background.run(
      `the use of session ${id} is written down`,
      (signal) => store.touch(id, at, at + ttlMs, signal),
    );
  }
}
