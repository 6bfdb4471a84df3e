/** Reads a watch to its end, and notices when it has gone silent. */
import type { WatchEvent } from "../client.ts";
import type { Clock } from "../clock.ts";
import type { SilentWatchError } from "./reflector_failure.ts";

export interface PumpOptions {
  clock: Clock;
  /** Ends the reading; its reason is thrown. */
  signal: AbortSignal;
  /**
   * The moment (in the clock's time) at which silence is an error, given the moment of the last sign of life. Asked
   * again after every event, so that it may change with what has come.
   */
  silentAt: (lastSign: number) => number;
  /** The error of a silent stream. */
  silence: () => SilentWatchError;
}

/**
 * Hands every line to `onEvent`, one after the other. Resolves when the server closes the stream; throws what the
 * stream or `onEvent` throws, the abort's reason, or the error of `silence`. However a stream behaves after that,
 * `onEvent` is not called again.
 */
export async function pumpWatch<T>(
  stream: AsyncIterable<WatchEvent<T>>,
  onEvent: (event: WatchEvent<T>) => void,
  options: PumpOptions,
): Promise<void> {
  const { clock, signal } = options;
  const iterator = stream[Symbol.asyncIterator]();
  const finished = new AbortController();
  let lastSign = clock.now();
  let checkAt = 0;
  let checkEarlier = () => {};

  const reading = (async () => {
    for (;;) {
      const { done, value } = await iterator.next();
      if (done || finished.signal.aborted) return;
      lastSign = clock.now();
      onEvent(value);
      if (options.silentAt(lastSign) < checkAt) checkEarlier();
    }
  })();
  const guarding = (async () => {
    while (!finished.signal.aborted) {
      checkAt = options.silentAt(lastSign);
      const left = checkAt - clock.now();
      if (left <= 0) throw options.silence();
      const waiting = new AbortController();
      checkEarlier = () => waiting.abort();
      await clock.sleep(left, waiting.signal).catch(() => {});
    }
  })();
  // Only one of the three decides; what the others say later must not go unhandled.
  reading.catch(() => {});
  guarding.catch(() => {});
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
  aborted.catch(() => {});
  try {
    await Promise.race([reading, guarding, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    finished.abort();
    checkEarlier();
    // Not awaited: a frozen stream would not let us go.
    iterator.return?.()?.catch(() => {});
  }
}
