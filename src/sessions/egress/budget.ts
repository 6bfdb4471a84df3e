/** What is on its way to sessions: whoever asks for much and reads nothing must not fill the worker's memory. */
export class Budget {
  readonly #held = new Map<string, number>();
  #all = 0;

  /** @param most of one session @param mostOfAll of all together; in whatever unit `take` is told */
  constructor(readonly most: number, readonly mostOfAll: number) {}

  /**
   * Takes `size` for a session that has nothing yet, or little enough.
   * @returns what gives it back; undefined: it would be too much, now
   */
  take(session: string, size: number): (() => void) | undefined {
    const held = this.#held.get(session) ?? 0;
    const fits = (before: number, most: number) => before === 0 || before + size <= most;
    if (!fits(held, this.most) || !fits(this.#all, this.mostOfAll)) return undefined;
    this.#held.set(session, held + size);
    this.#all += size;
    let isGiven = false;
    return () => {
      if (isGiven) return;
      isGiven = true;
      this.#all -= size;
      // Who has taken nothing is not kept.
      const left = (this.#held.get(session) ?? 0) - size;
      if (left === 0) this.#held.delete(session);
      else this.#held.set(session, left);
    };
  }
}
