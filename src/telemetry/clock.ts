/** Time as a dependency, so that tests do not wait. */

/** Monotonic time and timers. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  now(): number;
  /** Calls `run` once after `delayMs` (any finite length). Returns the function that cancels it. */
  setTimer(run: () => void, delayMs: number): () => void;
}

/** The longest delay that a runtime timer takes (2³¹ − 1 ms, 24.8 days); longer ones are waited for in pieces. */
export const LONGEST_TIMER_MS = 2_147_483_647;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer(run, delayMs) {
    let remaining = Math.max(0, delayMs);
    let timer: ReturnType<typeof setTimeout>;
    const arm = () => {
      const piece = Math.min(remaining, LONGEST_TIMER_MS);
      remaining -= piece;
      timer = setTimeout(() => remaining > 0 ? arm() : run(), piece);
    };
    arm();
    return () => clearTimeout(timer);
  },
};

/**
 * Resolves to true when `promise` settles (either way) within `ms`, to false when it does not. Never rejects: look at
 * the promise itself for its outcome.
 */
export function settlesWithin(
  promise: Promise<unknown>,
  ms: number,
  clock: Clock = systemClock,
): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = clock.setTimer(() => resolve(false), ms);
    const settled = () => {
      cancel();
      resolve(true);
    };
    promise.then(settled, settled);
  });
}

/** Resolves after `ms`, or at once when `signal` aborts. Never rejects. */
export function sleep(ms: number, signal?: AbortSignal, clock: Clock = systemClock): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = () => {
      cancel();
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const cancel = clock.setTimer(end, ms);
    signal?.addEventListener("abort", end, { once: true });
  });
}

/** Resolves as soon as `signal` aborts. Never rejects. */
export function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
