/** How many streams there may be at once. */
import type { Gauge } from "../../telemetry/metrics.ts";

export interface StreamLimits {
  /** @default {256} */
  readonly eachCaller: number;
  /** @default {2_048} */
  readonly all: number;
}

export const STREAM_LIMITS: StreamLimits = { eachCaller: 256, all: 2_048 };

/** A stream that can be ended from here. */
export interface OpenStream {
  end(): void;
}

export class Streams {
  readonly #limits: StreamLimits;
  readonly #gauge: Gauge;
  readonly #byCaller = new Map<string, number>();
  readonly #open = new Set<OpenStream>();

  constructor(limits: StreamLimits, gauge: Gauge) {
    this.#limits = limits;
    this.#gauge = gauge;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Whether there may be one more. */
  hasRoom(caller: string): boolean {
    return this.#open.size < this.#limits.all && (this.#byCaller.get(caller) ?? 0) < this.#limits.eachCaller;
  }

  /** Counts one. Returns the function that says that it has ended. */
  add(caller: string, stream: OpenStream): () => void {
    this.#open.add(stream);
    this.#byCaller.set(caller, (this.#byCaller.get(caller) ?? 0) + 1);
    this.#gauge.set({}, this.#open.size);
    return () => {
      if (!this.#open.delete(stream)) return;
      const left = (this.#byCaller.get(caller) ?? 1) - 1;
      if (left <= 0) this.#byCaller.delete(caller);
      else this.#byCaller.set(caller, left);
      this.#gauge.set({}, this.#open.size);
    };
  }

  endAll(): void {
    for (const stream of [...this.#open]) stream.end();
  }
}
