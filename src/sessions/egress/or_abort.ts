/** Waiting for what goes on without us. */

/** What `work` comes to, or the reason of `signal` where that aborts first; `work` then goes on unseen. */
export async function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  // Whoever has stopped waiting does not hear of its failure.
  work.catch(() => {});
  signal.throwIfAborted();
  const stop = Promise.withResolvers<never>();
  const abort = () => stop.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, stop.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
