/** How long a failing object waits before it is tried again. */

export interface BackoffOptions {
  /** The wait after the first failure, before jitter. @default {5} */
  baseMs?: number;
  /** No wait is longer, before or after jitter. @default {300_000} */
  capMs?: number;
}

/**
 * The wait after the `failures`-th failure in a row (from 1): `baseMs · 2^(failures − 1)` up to `capMs`, of which a
 * random part between a half and the whole is taken, so that objects that failed together do not come back together.
 *
 * With the defaults: 5 ms, 10 ms, 20 ms, …, one second at the 9th failure, five minutes from the 17th on.
 */
export function backoffMs(
  failures: number,
  options: BackoffOptions = {},
  random: () => number = Math.random,
): number {
  const { baseMs = 5, capMs = 300_000 } = options;
  // 2^1023 is the largest power a number holds; the cap is reached long before.
  const full = Math.min(capMs, baseMs * 2 ** Math.min(Math.max(0, failures - 1), 1_000));
  return full * (0.5 + random() / 2);
}
