/** One at a time for each key, in the order of asking, in this process. */

export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /**
   * Runs `run` when all before it have ended; `hasWaited`: there were some. Rejects with the reason of `signal` where that
   * aborts first.
   */
  async take<T>(key: string, run: (hasWaited: boolean) => Promise<T>, signal: AbortSignal): Promise<T> {
    const before = this.#last.get(key);
    const mine = (before ?? Promise.resolve()).then(() => {
      signal.throwIfAborted();
      return run(before !== undefined);
    });
    const settled = mine.catch(() => {});
    this.#last.set(key, settled);
    try {
      return await mine;
    } finally {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    }
  }
}
