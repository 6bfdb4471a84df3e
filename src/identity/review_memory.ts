/** Remembers the answers of the API server for some seconds, and asks each question once at a time. */
import type { Clock } from "../kube/clock.ts";

/** Thrown where too many different questions are being asked already. */
export class BusyError extends Error {
  override readonly name = "BusyError";
}

export interface ReviewMemoryOptions<V> {
  /** Answers of the two kinds are kept apart, so that a flood of refusals drives out no acceptance. */
  isGood: (answer: V) => boolean;
  /** How long a good answer counts, in milliseconds from when it came. @default {10_000} */
  goodMs?: number;
  /** The same of any other. @default {10_000} */
  badMs?: number;
  /** Good answers that are kept; of more, those that were not used for longest go. @default {8_192} */
  maxGood?: number;
  /** The same of the others. @default {2_048} */
  maxBad?: number;
  /** Questions under way at a time; more are refused. @default {256} */
  maxAsking?: number;
  clock: Clock;
}

/** See the file's head. Failures are not remembered. */
export class ReviewMemory<V> {
  readonly #good: Answers<V>;
  readonly #bad: Answers<V>;
  readonly #asking = new Map<string, Promise<V>>();
  readonly #isGood: (answer: V) => boolean;
  readonly #maxAsking: number;
  readonly #clock: Clock;

  constructor(options: ReviewMemoryOptions<V>) {
    this.#isGood = options.isGood;
    this.#good = new Answers(options.goodMs ?? 10_000, options.maxGood ?? 8_192);
    this.#bad = new Answers(options.badMs ?? 10_000, options.maxBad ?? 2_048);
    this.#maxAsking = options.maxAsking ?? 256;
    this.#clock = options.clock;
  }

  /** Answers that are kept now. */
  get size(): number {
    return this.#good.size + this.#bad.size;
  }

  /** What is remembered, if it still counts. */
  recall(key: string): V | undefined {
    const now = this.#clock.now();
    return this.#good.get(key, now) ?? this.#bad.get(key, now);
  }

  /**
   * The answer to a question: remembered, being asked for, or asked for now. `ask` must end by itself; an abort of
   * `signal` ends this caller's wait alone.
   *
   * @throws {BusyError} where too many are being asked; the signal's reason; what `ask` throws
   */
  answer(key: string, ask: () => Promise<V>, signal?: AbortSignal): Promise<V> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const known = this.recall(key);
    if (known !== undefined) return Promise.resolve(known);
    const shared = this.#asking.get(key) ?? this.#ask(key, ask);
    return signal === undefined ? shared : unlessAborted(shared, signal);
  }

  #ask(key: string, ask: () => Promise<V>): Promise<V> {
    if (this.#asking.size >= this.#maxAsking) {
      return Promise.reject(new BusyError(`${this.#asking.size} reviews are under way`));
    }
    const asked = ask().then((answer) => {
      const answers = this.#isGood(answer) ? this.#good : this.#bad;
      answers.set(key, answer, this.#clock.now());
      return answer;
    }).finally(() => this.#asking.delete(key));
    this.#asking.set(key, asked);
    return asked;
  }
}

/** Answers that count for the same time; the map's order is that of last use. */
class Answers<V> {
  readonly #answers = new Map<string, { answer: V; until: number }>();

  constructor(private readonly ttlMs: number, private readonly limit: number) {}

  get size(): number {
    return this.#answers.size;
  }

  get(key: string, now: number): V | undefined {
    const entry = this.#answers.get(key);
    if (entry === undefined) return undefined;
    this.#answers.delete(key);
    if (now >= entry.until) return undefined;
    this.#answers.set(key, entry);
    return entry.answer;
  }

  set(key: string, answer: V, now: number): void {
    this.#answers.set(key, { answer, until: now + this.ttlMs });
    if (this.#answers.size <= this.limit) return;
    const [oldest] = this.#answers.keys();
    if (oldest !== undefined) this.#answers.delete(oldest);
  }
}

/** The answer is shared: one caller's abort must not take it from the others. */
function unlessAborted<V>(answer: Promise<V>, signal: AbortSignal): Promise<V> {
  const { promise, resolve, reject } = Promise.withResolvers<V>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  answer.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  return promise;
}
