/** Being told to end, in order. */

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** A signal that tells a program to end. */
export type StopSignal = typeof SIGNALS[number];

/** What is meant once may come twice, to the group and from a parent that passes it on. */
const SAME_MS = 1000;

/**
 * Calls `stop` at the first signal to end. One that comes a second or more later ends this process at once. Disposing
 * of it undoes that.
 *
 * @param sameMs signals so close together are one, in milliseconds
 */
export function stopSignals(stop: (signal: StopSignal) => void, sameMs = SAME_MS): Disposable {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const handlers = SIGNALS.map((signal) => ({
    signal,
    handler: () => {
      if (timer !== undefined) return;
      timer = setTimeout(undo, sameMs);
      Deno.unrefTimer(timer);
      stop(signal);
    },
  }));
  const undo = () => {
    clearTimeout(timer);
    for (const { signal, handler } of handlers) Deno.removeSignalListener(signal, handler);
  };
  for (const { signal, handler } of handlers) Deno.addSignalListener(signal, handler);
  return { [Symbol.dispose]: undo };
}
