/** How many requests one deployment gets from us: a steady rate with a burst, and silence after a 429. */
import { type Clock, sleep, systemClock } from "../telemetry/clock.ts";
import { type Counter, type Histogram, type Metrics, noMetrics } from "../telemetry/metrics.ts";
import { createGate, type Gate, type GateOptions } from "./gate.ts";

/** How many requests may go. */
export interface Rate {
  /** Requests a minute in the long run. Coder's own limit is 512 a minute for each path. @default {300} */
  perMinute?: number;
  /** Requests that may go at once after a quiet time. @default {60} */
  burst?: number;
}

export interface BudgetOptions extends Rate, Partial<Omit<GateOptions, "clock">> {
  clock?: Clock;
  metrics?: Metrics;
}

/** Whether a request may go. */
export type Permit =
  | { readonly granted: true }
  | {
    readonly granted: false;
    /** `held`: Coder asked for silence. `budget`: our own rate would take longer than the call may last. */
    readonly reason: "held" | "budget" | "aborted";
    /** When the next attempt makes sense, in milliseconds from now. */
    readonly retryAfterMs: number;
  };

/** The budget of one deployment, shared by all its clients, whatever their tokens: Coder counts by address. */
export interface RequestBudget {
  /**
   * Waits for a turn, up to `maxWaitMs`. While `key` is silenced by a 429 it says no at once: a wait of a minute is
   * for the caller's own schedule, not for a call in flight.
   */
  acquire(key: string, options: { maxWaitMs: number; signal?: AbortSignal | undefined }): Promise<Permit>;
  /** A 429 came for `key`. `wide`: not from Coder itself, so everything waits. */
  limited(key: string, retryAfterMs: number | undefined, wide?: boolean): void;
  /** Any other answer came for `key`. */
  passed(key: string): void;
  /** How long `key` is silenced, in milliseconds. */
  waitMs(key: string): number;
  /** A rate of its own beside this one; what a 429 silences is silent for both. */
  beside(rate: Rate): RequestBudget;
}

/** Of what people wait for: it must wait neither for what is looked at in the background, nor for a slow rate. */
export const PROMPT_RATE: Required<Rate> = { perMinute: 6_000, burst: 300 };

const WAIT_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30];

export function createBudget(options: BudgetOptions = {}): RequestBudget {
  const { clock = systemClock, metrics = noMetrics } = options;
  const gate = createGate({ ...options, clock });
  const held = metrics.counter(
    "coder_k8s_coder_requests_held_total",
    "Requests to Coder that were not sent: after a 429 (held), or because our own rate was used up (budget).",
    ["reason"],
  );
  const waited = metrics.histogram(
    "coder_k8s_coder_request_wait_seconds",
    "How long requests to Coder waited for our own rate, in seconds.",
    [],
    WAIT_BUCKETS,
  );
  return withRate(options, { gate, clock, held, waited });
}

interface Shared {
  readonly gate: Gate;
  readonly clock: Clock;
  readonly held: Counter;
  readonly waited: Histogram;
}

function withRate({ perMinute = 300, burst = 60 }: Rate, shared: Shared): RequestBudget {
  const { gate, clock, held, waited } = shared;
  const tokensPerMs = perMinute / 60_000;
  // May go below zero: what is missing is what those who wait have been promised, in order.
  let tokens = burst;
  let counted = clock.now();

  function refill(): void {
    const now = clock.now();
    tokens = Math.min(burst, tokens + (now - counted) * tokensPerMs);
    counted = now;
  }

  function refuse(reason: "held" | "budget", retryAfterMs: number): Permit {
    held.inc({ reason });
    return { granted: false, reason, retryAfterMs };
  }

  return {
    async acquire(key, { maxWaitMs, signal }) {
      if (signal?.aborted) return { granted: false, reason: "aborted", retryAfterMs: 0 };
      const silence = gate.waitMs(key);
      if (silence > 0) return refuse("held", silence);
      refill();
      const wait = Math.max(0, (1 - tokens) / tokensPerMs);
      if (wait > maxWaitMs) return refuse("budget", wait);
      tokens -= 1;
      if (wait === 0) return { granted: true };
      await sleep(wait, signal, clock);
      waited.observe({}, wait / 1_000);
      const late = gate.waitMs(key);
      if (!signal?.aborted && late === 0) return { granted: true };
      tokens += 1;
      return signal?.aborted ? { granted: false, reason: "aborted", retryAfterMs: 0 } : refuse("held", late);
    },
    limited: (key, retryAfterMs, wide) => gate.limited(key, retryAfterMs, wide),
    passed: (key) => gate.passed(key),
    waitMs: (key) => gate.waitMs(key),
    beside: (rate) => withRate(rate, shared),
  };
}
