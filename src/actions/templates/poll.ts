/** How builds are waited for: the settings `CODER_K8S_TEMPLATE_BUILD_*`. */

export interface BuildWait {
  /** A build that takes longer is given up, in milliseconds. @default {1_500_000} */
  readonly timeoutMs: number;
  /** After so long, intervals double; 0: never. @default {120_000} */
  readonly backoffAfterMs: number;
  /** Between two looks, in milliseconds. @default {2_000} */
  readonly initialMs: number;
  /** @default {10_000} */
  readonly maxMs: number;
}

export const DEFAULT_WAIT: BuildWait = {
  timeoutMs: 1_500_000,
  backoffAfterMs: 120_000,
  initialMs: 2_000,
  maxMs: 10_000,
};

/** How long until the next look. `elapsedMs`: since the wait began; `lastMs`: the interval before. */
export function nextInterval(
  { backoffAfterMs, initialMs, maxMs }: BuildWait,
  elapsedMs: number,
  lastMs: number | undefined,
): number {
  if (lastMs === undefined) return initialMs;
  const isSlow = backoffAfterMs > 0 && elapsedMs >= backoffAfterMs;
  return Math.min(isSlow ? lastMs * 2 : lastMs, maxMs);
}
