/** No caller takes more than its share: a bucket of tokens each. */

export interface RateOptions {
  /** Requests a second in the long run; 0: no limit. */
  readonly rate: number;
  /** Requests at once. */
  readonly burst: number;
  /** Milliseconds. */
  now(): number;
}

/** Callers that are remembered; those beyond have been quiet longest. */
const MOST_CALLERS = 10_000;

export class RateLimit {
  readonly #options: RateOptions;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(options: RateOptions) {
    this.#options = options;
  }

  /** Takes `cost` tokens. Returns 0, or where there are too few, after how many seconds to come again. */
  take(caller: string, cost = 1): number {
    const { rate, burst, now } = this.#options;
    if (rate <= 0) return 0;
    const at = now();
    const bucket = this.#buckets.get(caller) ?? { tokens: burst, at };
    bucket.tokens = Math.min(burst, bucket.tokens + Math.max(0, at - bucket.at) * rate / 1_000);
    bucket.at = at;
    // Last in, last out.
    this.#buckets.delete(caller);
    this.#buckets.set(caller, bucket);
    if (this.#buckets.size > MOST_CALLERS) this.#forgetOldest();
    const needed = Math.min(cost, burst);
    if (bucket.tokens < needed) return Math.max(1, Math.ceil((needed - bucket.tokens) / rate));
    bucket.tokens -= needed;
    return 0;
  }

  #forgetOldest(): void {
    for (const caller of this.#buckets.keys()) {
      this.#buckets.delete(caller);
      return;
    }
  }
}
