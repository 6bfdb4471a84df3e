/** Whose turn it is to be refreshed, so that all lists of one deployment together keep to one pace. */

export interface TurnsOptions {
  /** Time between two turns, in milliseconds. */
  everyMs: number;
  /** How long a turn is kept for who comes first before the next in line may take it. @default {everyMs / 12} */
  graceMs?: number;
}

/**
 * A line of those who wait. Nothing happens by itself: who comes is told how long to wait, and keeps its place by coming
 * back in time.
 */
export class Turns<T> {
  readonly #everyMs: number;
  readonly #graceMs: number;
  /** When each was told to come back, in the order of the line. */
  readonly #line = new Map<T, number>();
  #last = -Infinity;

  constructor({ everyMs, graceMs = everyMs / 12 }: TurnsOptions) {
    this.#everyMs = everyMs;
    this.#graceMs = graceMs;
  }

  /** Puts `who` into the line. 0: it is its turn; say so with `take`. Otherwise how long it is until then. */
  waitMs(who: T, now: number): number {
    this.#dropLate(who, now);
    if (!this.#line.has(who)) this.#line.set(who, now);
    const place = [...this.#line.keys()].indexOf(who);
    const opens = this.#last + this.#everyMs;
    if (now >= opens + place * this.#graceMs) return 0;
    const planned = opens + place * this.#everyMs;
    this.#line.set(who, planned);
    return planned - now;
  }

  /** `who` is served; `counts`: this was a turn, and the next one comes after the full time. */
  take(who: T, now: number, counts: boolean): void {
    this.#line.delete(who);
    if (counts) this.#last = now;
  }

  /** How many wait. */
  get size(): number {
    return this.#line.size;
  }

  #dropLate(except: T, now: number): void {
    for (const [who, planned] of this.#line) {
      if (who !== except && now > planned + this.#everyMs) this.#line.delete(who);
    }
  }
}
