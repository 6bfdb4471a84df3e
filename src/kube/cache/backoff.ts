/** Exponential back-off with jitter, as a pure function of the number of failures. */

/** How the waiting times grow. */
export interface BackoffOptions {
  /** The wait after the first failure, in milliseconds. @default {800} */
  initialMs?: number;
  /** By how much each further failure multiplies it. @default {2} */
  factor?: number;
  /** No wait grows beyond this, in milliseconds, jitter aside. @default {30_000} */
  maxMs?: number;
  /** Every wait is spread by this share to both sides, so that many clients do not come back together. @default {0.25} */
  jitter?: number;
}

/** The longest wait that a server may ask for; a longer one is a mistake that must not stop a watch for ever. */
export const MAX_RETRY_AFTER_MS = 120_000;

/**
 * How long to wait after `failures` failures in a row (1 is the first), in milliseconds.
 * `retryAfterMs` is what the server asked for: never less than that (up to {@linkcode MAX_RETRY_AFTER_MS}).
 */
export function backoffDelay(
  failures: number,
  options: BackoffOptions = {},
  random: () => number = Math.random,
  retryAfterMs = 0,
): number {
  const { initialMs = 800, factor = 2, maxMs = 30_000, jitter = 0.25 } = options;
  const grown = Math.min(maxMs, initialMs * factor ** Math.max(0, failures - 1));
  const spread = grown * (1 - jitter + 2 * jitter * random());
  const asked = Math.min(retryAfterMs, MAX_RETRY_AFTER_MS);
  // Jitter on top only: a server that says "in 5 s" means not before.
  return asked > spread ? asked * (1 + jitter * random()) : spread;
}
