/** Waits that end. */
import type { Clock } from "../../telemetry/clock.ts";

/**
 * Runs something under `signal` and a deadline of its own.
 * @param late what the signal that `run` gets aborts with after `ms`
 */
export async function within<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  late: () => Error,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const abort = () => controller.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const cancel = clock.setTimer(() => controller.abort(late()), ms);
  try {
    return await run(controller.signal);
  } finally {
    cancel();
    signal.removeEventListener("abort", abort);
  }
}

/** What `promise` comes to, for somebody who waits no longer than `signal` says: it goes on for the others. */
export function joined<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
