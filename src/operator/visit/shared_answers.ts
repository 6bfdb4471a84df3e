/** Answers that many visits want: asked for once, remembered for a while. */

/** How long answers count. */
export interface SharedAnswersOptions {
  /** Of one that was given, in milliseconds; undefined: until what it rests on changes. */
  readonly keepMs?: number | undefined;
  /** Of a failure, in milliseconds. @default {0} */
  readonly keepFailureMs?: number | undefined;
  /** The longest that asking may take, in milliseconds. @default {15_000} */
  readonly timeoutMs?: number | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

interface Known<T> {
  readonly rests: string;
  readonly promise: Promise<T>;
  /** When it was given; undefined while it is not. */
  at?: number;
  failed?: boolean;
}

/** See the file's head. */
export class SharedAnswers<T> {
  readonly #known = new Map<string, Known<T>>();

  constructor(readonly options: SharedAnswersOptions) {}

  /**
   * The answer for `key`, which rests on `rests`: where that changes, it is asked for anew. Rejects with the reason of
   * `signal`, or with what `ask` throws; those who wait together are told the same.
   */
  get(key: string, rests: string, ask: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const before = this.#known.get(key);
    if (before !== undefined && before.rests === rests && this.#counts(before)) {
      return orAborted(before.promise, signal);
    }
    // The one who asks first may go away: what all wait for has a deadline of its own.
    const { timeoutMs = 15_000, now } = this.options;
    const promise = ask(AbortSignal.timeout(timeoutMs));
    const known: Known<T> = { rests, promise };
    this.#known.set(key, known);
    promise.then(() => known.at = now(), () => {
      known.at = now();
      known.failed = true;
    });
    return orAborted(promise, signal);
  }

  /** Forgets the answers for these keys. */
  forget(which: (key: string) => boolean): void {
    for (const key of this.#known.keys()) if (which(key)) this.#known.delete(key);
  }

  /** How many are known. */
  get size(): number {
    return this.#known.size;
  }

  #counts({ at, failed = false }: Known<T>): boolean {
    if (at === undefined) return true;
    const { keepMs, keepFailureMs = 0, now } = this.options;
    const keep = failed ? keepFailureMs : keepMs;
    const age = now() - at;
    return keep === undefined || (age >= 0 && age < keep);
  }
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
