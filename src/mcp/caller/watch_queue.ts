/** Watches that are told by callbacks, or by several servers, as one. */
import type { KubeObject } from "../../api/object.ts";
import type { WatchEvent } from "../../kube/client.ts";
import { type CallDescription, KubeConnectionError } from "../../kube/errors.ts";

/** Events that wait for who reads them; beyond, the watch breaks off, and its reader lists anew. */
const MOST_WAITING = 100_000;

/** What a watch that is told by callbacks is told with. */
export interface WatchEars<T> {
  event(event: WatchEvent<T>): void;
  /** No more comes; with an error the watch breaks off. */
  end(error?: unknown): void;
}

/**
 * An open watch. `subscribe` returns what ends it: called once, when `signal` aborts or the reader leaves.
 *
 * @throws what `subscribe` throws
 */
export function toldWatch<T extends KubeObject>(
  call: CallDescription,
  signal: AbortSignal | undefined,
  subscribe: (ears: WatchEars<T>) => () => void,
): AsyncIterable<WatchEvent<T>> {
  let waiting: WatchEvent<T>[] = [];
  let over: { readonly error?: unknown } | undefined;
  let wake = () => {};
  const end = (error?: unknown) => {
    over ??= error === undefined ? {} : { error };
    wake();
  };
  const unsubscribe = subscribe({
    event(event) {
      if (over !== undefined) return;
      if (waiting.length >= MOST_WAITING) {
        return end(
          new KubeConnectionError(`${call.method} ${call.path}: more changes than are kept waiting`, call),
        );
      }
      waiting.push(event);
      wake();
    },
    end,
  });
  let isClosed = false;
  const onAbort = () => close();
  const close = () => {
    if (isClosed) return;
    isClosed = true;
    unsubscribe();
    signal?.removeEventListener("abort", onAbort);
    end();
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) close();

  async function* read(): AsyncGenerator<WatchEvent<T>, void> {
    try {
      for (;;) {
        const events = waiting;
        waiting = [];
        for (const event of events) {
          if (signal?.aborted) return;
          yield event;
        }
        if (waiting.length > 0) continue;
        if (over?.error !== undefined) throw over.error;
        if (over !== undefined) return;
        await new Promise<void>((resolve) => wake = resolve);
      }
    } finally {
      close();
    }
  }
  return read();
}

/** Several watches as one: it ends with the first that ends, and breaks off with the first that breaks off. */
export async function* together<T extends KubeObject>(
  watches: readonly AsyncIterable<WatchEvent<T>>[],
): AsyncGenerator<WatchEvent<T>, void> {
  const readers = watches.map((watch) => watch[Symbol.asyncIterator]());
  const next = (index: number) => readers[index]!.next().then((result) => ({ index, result }));
  const pending = new Map(readers.map((_, index) => [index, next(index)]));
  try {
    while (pending.size > 0) {
      const { index, result } = await Promise.race(pending.values());
      if (result.done === true) return;
      pending.set(index, next(index));
      yield result.value;
    }
  } finally {
    for (const one of pending.values()) one.catch(() => {});
    // Those that wait for something end with their signal; nobody waits for them here.
    for (const reader of readers) void reader.return?.()?.catch?.(() => {});
  }
}
