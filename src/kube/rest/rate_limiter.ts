/** A client-side token bucket, so that one busy process cannot flood the API server. */
import { type Clock, systemClock } from "../clock.ts";

/** Admits calls at a bounded rate, first come, first served. */
export interface RateLimiter {
  /**
   * Resolves with the time waited (ms) once the call may go. Rejects with the signal's reason when that aborts, and
   * with {@linkcode RateLimitError} at once where the wait would be longer than `maxWaitMs`.
   */
  acquire(signal?: AbortSignal, maxWaitMs?: number): Promise<number>;
  /** Calls that wait now. */
  readonly waiting: number;
}

/** The call would have to wait for longer than it may. */
export class RateLimitError extends Error {
  override readonly name = "RateLimitError";
}

/** Options of {@linkcode createRateLimiter}. */
export interface RateLimiterOptions {
  /** Calls a second in the long run; 0 or less means no limit. */
  qps: number;
  /** Calls that may go at once after a quiet time. @default {Math.max(1, qps * 2)} */
  burst?: number | undefined;
  clock?: Clock;
}

/** Admits everything at once. */
export const unlimited: RateLimiter = {
  waiting: 0,
  acquire: (signal) => signal?.aborted ? Promise.reject(signal.reason) : Promise.resolve(0),
};

interface Waiter {
  since: number;
  admit(): void;
}

/** Tokens are fractions; a hair less than one is one. */
const ENOUGH = 1 - 1e-6;

/** Makes a token bucket. The bucket starts full. */
export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  const { qps, clock = systemClock } = options;
  if (!(qps > 0)) return unlimited;
  const burst = Math.max(1, options.burst ?? qps * 2);
  const queue = new Set<Waiter>();
  let tokens = burst;
  let filledAt = clock.now();
  let pumping = false;

  function refill(): void {
    const now = clock.now();
    tokens = Math.min(burst, tokens + ((now - filledAt) / 1000) * qps);
    filledAt = now;
  }

  /** One loop serves all waiters, so that order is kept and only one timer runs. */
  async function pump(): Promise<void> {
    pumping = true;
    for (let head = first(queue); head !== undefined; head = first(queue)) {
      refill();
      if (tokens >= ENOUGH) {
        tokens -= 1;
        queue.delete(head);
        head.admit();
      } else {
        await clock.sleep(Math.ceil(((1 - tokens) / qps) * 1000));
      }
    }
    pumping = false;
  }

  return {
    get waiting() {
      return queue.size;
    },
    acquire(signal, maxWaitMs = Infinity) {
      if (signal?.aborted) return Promise.reject(signal.reason);
      refill();
      if (queue.size === 0 && tokens >= ENOUGH) {
        tokens -= 1;
        return Promise.resolve(0);
      }
      const expectedMs = ((queue.size + 1 - tokens) / qps) * 1000;
      if (expectedMs > maxWaitMs) {
        return Promise.reject(
          new RateLimitError(
            `the client-side rate limit (${qps} calls a second, ${queue.size} waiting) leaves no time before the deadline`,
          ),
        );
      }
      return new Promise((resolve, reject) => {
        const onAbort = () => {
          queue.delete(waiter);
          reject(signal?.reason);
        };
        const waiter: Waiter = {
          since: clock.now(),
          admit() {
            signal?.removeEventListener("abort", onAbort);
            resolve(clock.now() - waiter.since);
          },
        };
        signal?.addEventListener("abort", onAbort, { once: true });
        queue.add(waiter);
        if (!pumping) void pump();
      });
    },
  };
}

function first<T>(set: ReadonlySet<T>): T | undefined {
  return set.values().next().value;
}
