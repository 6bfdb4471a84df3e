/** Notices that work has stopped: loops that no longer beat, and an event loop that is blocked. */
import { type Clock, systemClock } from "./clock.ts";
import { type Metrics, noMetrics } from "./metrics.ts";

export interface LoopMonitorOptions {
  /** How often the event loop's lag is measured. @default {1_000} */
  intervalMs?: number;
  /** A lag beyond this fails {@linkcode LoopMonitor.check} until a later measurement is better. @default {15_000} */
  lagLimitMs?: number;
  clock?: Clock;
  /** Gets `nodejs_eventloop_lag_seconds` and `nodejs_eventloop_lag_max_seconds`. @default {noMetrics} */
  metrics?: Metrics;
}

/** One loop's sign of life. */
export interface Heartbeat {
  /** "I went round." */
  beat(): void;
  /** The loop has ended as it should; it is no longer watched. */
  stop(): void;
}

interface Loop {
  staleAfterMs: number;
  last: number;
}

/**
 * Loops register with a bound and beat; {@linkcode check} names those whose last beat is older than their bound. Made to
 * be a liveness check: `health.add("liveness", "loops", () => monitor.check())`.
 */
export class LoopMonitor {
  readonly #loops = new Map<string, Loop>();
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #lagLimitMs: number;
  #cancel: (() => void) | undefined;
  #lagMs = 0;
  #worstMs = 0;

  constructor(options: LoopMonitorOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#intervalMs = options.intervalMs ?? 1_000;
    this.#lagLimitMs = options.lagLimitMs ?? 15_000;
    const metrics = options.metrics ?? noMetrics;
    metrics.gauge(
      "nodejs_eventloop_lag_seconds",
      "How late the last timer of the event loop ran.",
      [],
      (gauge) => {
        gauge.set({}, this.#lagMs / 1000);
      },
    );
    metrics.gauge("nodejs_eventloop_lag_max_seconds", "The worst lag since the last scrape.", [], (gauge) => {
      gauge.set({}, this.#worstMs / 1000);
      this.#worstMs = this.#lagMs;
    });
  }

  /** The last measured lag of the event loop, in milliseconds. */
  get lagMs(): number {
    return this.#lagMs;
  }

  /** Measures the event loop's lag until `signal` aborts. */
  start(signal: AbortSignal): void {
    const measure = (expected: number) => {
      this.#lagMs = Math.max(0, this.#clock.now() - expected);
      this.#worstMs = Math.max(this.#worstMs, this.#lagMs);
      arm();
    };
    const arm = () => {
      if (signal.aborted) return;
      const expected = this.#clock.now() + this.#intervalMs;
      this.#cancel = this.#clock.setTimer(() => measure(expected), this.#intervalMs);
    };
    signal.addEventListener("abort", () => this.#cancel?.(), { once: true });
    arm();
  }

  /** Watches a loop that promises to beat at least every `staleAfterMs`. A name can be used once at a time. */
  register(name: string, staleAfterMs: number): Heartbeat {
    if (this.#loops.has(name)) {
      throw new Error(`A loop named ${name} is watched already. Choose another name.`);
    }
    const loop: Loop = { staleAfterMs, last: this.#clock.now() };
    this.#loops.set(name, loop);
    return {
      beat: () => void (loop.last = this.#clock.now()),
      stop: () => {
        if (this.#loops.get(name) === loop) this.#loops.delete(name);
      },
    };
  }

  /** What is wrong, in words; empty when every loop goes round. */
  check(): string {
    const now = this.#clock.now();
    const troubles: string[] = [];
    if (this.#lagMs > this.#lagLimitMs) {
      troubles.push(`the event loop was blocked for ${seconds(this.#lagMs)}`);
    }
    for (const [name, { last, staleAfterMs }] of this.#loops) {
      if (now - last > staleAfterMs) {
        troubles.push(
          `${name} has given no sign of life for ${seconds(now - last)} (bound ${seconds(staleAfterMs)})`,
        );
      }
    }
    return troubles.join("; ");
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
