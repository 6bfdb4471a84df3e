/** Work that only so many may be at, since each of them takes much memory. */
import { orAbort } from "./or_abort.ts";

export class Turns {
  /** Who came first is first. */
  readonly #waiting = new Set<() => void>();
  #taken = 0;

  constructor(readonly most: number) {}

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Waits until it is one's turn. Rejects with the reason of `signal`; it is nobody's turn then.
   * @returns what ends the turn
   */
  async take(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#taken < this.most) this.#taken++;
    else await this.#wait(signal);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#end();
    };
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    try {
      await orAbort(promise, signal);
    } catch (error) {
      // Given to one who has just left: it is the next one's.
      if (!this.#waiting.delete(resolve)) this.#end();
      throw error;
    }
  }

  #end(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#taken--;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
