/** Bytes that have come and were not read yet, for one reader. */

export class BytesQueue {
  #chunks: Uint8Array[] = [];
  #first = 0;
  #isEnded = false;
  #waiting: (() => void) | undefined;

  push(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#isEnded) return;
    this.#chunks.push(bytes);
    this.#waiting?.();
  }

  end(): void {
    this.#isEnded = true;
    this.#waiting?.();
  }

  /** How many bytes were read; null at the end, where all that came before was read. */
  async read(into: Uint8Array): Promise<number | null> {
    while (this.#first === this.#chunks.length) {
      if (this.#isEnded) return null;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting = resolve;
      await promise;
    }
    let filled = 0;
    while (filled < into.length && this.#first < this.#chunks.length) {
      const chunk = this.#chunks[this.#first]!;
      const taken = chunk.subarray(0, into.length - filled);
      into.set(taken, filled);
      filled += taken.length;
      if (taken.length < chunk.length) this.#chunks[this.#first] = chunk.subarray(taken.length);
      else this.#first++;
    }
    if (this.#first === this.#chunks.length) {
      this.#chunks = [];
      this.#first = 0;
    }
    return filled;
  }
}
