/** After a 429: nothing goes out before the time that the server named. */
import type { Clock } from "../telemetry/clock.ts";

export interface GateOptions {
  clock: Clock;
  /** The wait after the first 429 that names no time, in milliseconds; doubles with each further one. @default {30_000} */
  unnamedWaitMs?: number;
  /** No wait that we choose ourselves is longer, in milliseconds. @default {120_000} */
  maxUnnamedWaitMs?: number;
  /** Every wait is made longer by up to this share, so that many clients do not come back together. @default {0.1} */
  jitter?: number;
  random?: () => number;
}

/** Times before which nothing may be sent: one for each key, and one for the whole deployment. */
export interface Gate {
  /** How long `key` must still wait, in milliseconds; 0 means that it may go. */
  waitMs(key: string): number;
  /** A 429 came. `wide` closes the whole deployment: the answer did not come from Coder's own counter for this path. */
  limited(key: string, retryAfterMs: number | undefined, wide?: boolean): void;
  /** Any answer other than 429 came. */
  passed(key: string): void;
  /** Keys that are remembered. */
  readonly size: number;
}

interface Closed {
  until: number;
  failures: number;
}

/** How long a key's last 429 is remembered beyond the time it was closed for. */
const MEMORY_MS = 5 * 60_000;
const EVERYTHING = "";
const MOST_KEYS = 1_000;

/**
 * Coder counts requests by client address and path, so a key is a path. Where two paths are limited at once, the limit
 * is not one path's: the whole deployment waits until one of them gets through again.
 */
export function createGate(options: GateOptions): Gate {
  const { clock, unnamedWaitMs = 30_000, maxUnnamedWaitMs = 120_000, jitter = 0.1, random = Math.random } =
    options;
  const closed = new Map<string, Closed>();

  function close(key: string, retryAfterMs: number | undefined): void {
    const known = closed.get(key);
    const failures = (known?.failures ?? 0) + 1;
    const chosen = Math.min(maxUnnamedWaitMs, unnamedWaitMs * 2 ** (failures - 1));
    const wait = (retryAfterMs ?? chosen) * (1 + jitter * random());
    // An answer to a call sent earlier may come late; it must not open what a later one closed.
    closed.set(key, { until: Math.max(known?.until ?? 0, clock.now() + wait), failures });
  }

  function forget(): void {
    const now = clock.now();
    for (const [key, { until }] of closed) {
      if (until + MEMORY_MS < now || closed.size > MOST_KEYS) closed.delete(key);
    }
  }

  return {
    waitMs(key) {
      const now = clock.now();
      const until = Math.max(closed.get(key)?.until ?? 0, closed.get(EVERYTHING)?.until ?? 0);
      return Math.max(0, until - now);
    },
    limited(key, retryAfterMs, wide = false) {
      forget();
      close(key, retryAfterMs);
      const others = [...closed.keys()].filter((other) => other !== EVERYTHING && other !== key).length;
      if (wide || others > 0) close(EVERYTHING, retryAfterMs);
    },
    passed(key) {
      if (closed.size === 0) return;
      closed.delete(key);
      // What got through while everything was closed was sent before; only a call after the wait opens it.
      const everything = closed.get(EVERYTHING);
      if (everything !== undefined && everything.until <= clock.now()) closed.delete(EVERYTHING);
    },
    get size() {
      return closed.size;
    },
  };
}
