/** Waiting for a condition with a deadline: the only way in which tests wait. */

/** How long to wait, and for what. */
export interface WaitOptions {
  /** Deadline, in milliseconds: long enough for a busy machine. @default {60_000} */
  timeoutMs?: number;
  /** Pause between two looks, in milliseconds. @default {50} */
  intervalMs?: number;
  /** Named in the error: "waited 60 s for <what>". @default {"the condition"} */
  what?: string;
  /** Ends the wait early with its reason. */
  signal?: AbortSignal;
}

/** The deadline passed. Its message carries the last value or error that was seen. */
export class WaitTimeoutError extends Error {
  override name = "WaitTimeoutError";
  constructor(message: string, cause: unknown) {
    super(message, { cause });
  }
}

type Falsy = false | 0 | "" | null | undefined;

/**
 * Looks until `look` returns something truthy, and returns that. An exception counts as "not yet".
 *
 * @throws {WaitTimeoutError} after the deadline, naming the last value or error.
 */
export async function waitFor<T>(
  look: () => T | Falsy | Promise<T | Falsy>,
  options: WaitOptions = {},
): Promise<Exclude<T, Falsy>> {
  const timeoutMs = options.timeoutMs ?? 60_000;
  const started = performance.now();
  let last: { value: unknown } | { error: unknown };
  while (true) {
    options.signal?.throwIfAborted();
    try {
      const value = await look();
      if (value) return value as Exclude<T, Falsy>;
      last = { value };
    } catch (error) {
      last = { error };
    }
    if (performance.now() - started >= timeoutMs) break;
    await sleep(options.intervalMs ?? 50, options.signal);
  }
  const seen = "error" in last
    ? `last error: ${describe(last.error)}`
    : `last value: ${describe(last.value)}`;
  throw new WaitTimeoutError(
    `waited ${timeoutMs / 1000} s for ${options.what ?? "the condition"}; ${seen}`,
    "error" in last ? last.error : undefined,
  );
}

/** A pause that an abort ends (by rejecting with its reason). */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const done = () => {
      signal?.removeEventListener("abort", abort);
      resolve();
    };
    const timer = setTimeout(done, ms);
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
  });
}

function describe(value: unknown): string {
  if (value instanceof Error) return value.message;
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.length > 2000 ? `${text.slice(0, 2000)}…` : text;
}
