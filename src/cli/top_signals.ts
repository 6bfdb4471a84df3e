/** The end of a command that goes on until somebody ends it. */

const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
/** How long what runs may take to end by itself, in milliseconds. */
const GRACE_MS = 3_000;

export interface SignalParts {
  addSignalListener(signal: Deno.Signal, run: () => void): void;
  removeSignalListener(signal: Deno.Signal, run: () => void): void;
}

/**
 * Runs `run` with a signal that aborts when the process is to end. Resolves to what has ended it; undefined where it has
 * ended by itself. Rejects with its error, unless it was to end.
 */
export async function untilStopped(
  run: (signal: AbortSignal) => Promise<void>,
  system: SignalParts = Deno,
): Promise<Deno.Signal | undefined> {
  const abort = new AbortController();
  const { promise: late, resolve } = Promise.withResolvers<void>();
  let by: Deno.Signal | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const listeners = SIGNALS.map((signal) => {
    const listener = () => {
      if (by !== undefined) return resolve();
      by = signal;
      timer = setTimeout(resolve, GRACE_MS);
      abort.abort(new DOMException(`ended by ${signal}`, "AbortError"));
    };
    system.addSignalListener(signal, listener);
    return [signal, listener] as const;
  });
  try {
    await Promise.race([run(abort.signal), late]);
  } catch (error) {
    if (by === undefined) throw error;
  } finally {
    clearTimeout(timer);
    for (const [signal, listener] of listeners) system.removeSignalListener(signal, listener);
  }
  return by;
}
