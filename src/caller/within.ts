/** Deadlines of what a tool waits for: whoever is asked may ignore its signal, and nobody waits longer all the same. */

/** Reads of Kubernetes, in milliseconds. */
export const KUBE_MS = 10_000;
/** All that one tool asks of one Coder, in milliseconds. */
export const CODER_MS = 5_000;
/** Within which something that is up says so, in milliseconds. */
export const ALIVE_MS = 900;

/**
 * What `run` yields, or a rejection: with the reason of `signal`, or after `ms` with a `TimeoutError`. The signal that
 * `run` gets ends with either.
 */
export async function within<T>(
  signal: AbortSignal,
  ms: number,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const stop = new AbortController();
  const { promise: over, reject } = Promise.withResolvers<never>();
  const end = (reason: unknown) => {
    reject(reason);
    stop.abort(reason);
  };
  const onAbort = () => end(signal.reason);
  const timer = setTimeout(() => end(new DOMException(`not within ${ms} ms`, "TimeoutError")), ms);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([run(stop.signal), over]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
