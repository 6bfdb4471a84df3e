/**
 * When another terminal of a workspace may be opened, by what became of those before: a workspace may take each and drop it
 * at once, without end. No effects.
 */

/** What became of one terminal. */
export interface TerminalLife {
  readonly livedMs: number;
  /** It brought something forward: what was sent was received, or something came. */
  readonly wasUseful: boolean;
}

/** One that lived so long was none that is dropped at once. */
const LONG_MS = 5_000;
/** After one in vain the next is opened at once; then after so long, twice as long for each further one, up to the longest. */
const FIRST_MS = 100;
const LONGEST_MS = 4_000;
/** Short ones without any pause, whatever they brought: the workspace alone says that it was something. One more in so many ms. */
const MOST_SHORT = 64;
const REFILL_MS = 2_000;

export class TerminalPace {
  readonly #random: () => number;
  #vain = 0;
  #credit = MOST_SHORT;
  #creditAt = 0;
  /** Nothing is opened before. */
  #until = -Infinity;

  /** @param random In [0, 1) */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /**
   * Milliseconds until one may be opened; ask again then. Where it is 0, one is: after terminals in vain, whoever else asks
   * waits for their own turn.
   */
  enter(now: number): number {
    if (now < this.#until) return this.#until - now;
    this.#until = now + this.#pause();
    return 0;
  }

  /** One has ended that nobody here has ended, or could not be used. */
  ended({ livedMs, wasUseful }: TerminalLife, now: number): void {
    const isShort = livedMs < LONG_MS;
    this.#credit = Math.min(MOST_SHORT, this.#credit + Math.max(0, now - this.#creditAt) / REFILL_MS);
    this.#creditAt = now;
    if (isShort) this.#credit = Math.max(-1, this.#credit - 1);
    this.#vain = isShort && !wasUseful ? this.#vain + 1 : 0;
    const pause = this.#pause();
    this.#until = pause === 0 ? now : Math.max(this.#until, now + pause);
  }

  /** Of it, a random part between the half and the whole, so that those that broke together do not come back together. */
  #pause(): number {
    const vain = this.#vain < 2 ? 0 : Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(this.#vain - 2, 20));
    return Math.max(vain, this.#credit < 0 ? REFILL_MS : 0) * (0.5 + this.#random() / 2);
  }
}
