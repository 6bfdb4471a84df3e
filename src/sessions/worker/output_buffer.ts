/** What is kept of one stream of a process: its last bytes, with the number of each since the beginning. */

const SMALLEST = 1_024;

/** A ring that grows to `limit` bytes, and then lets go of the oldest. */
export class OutputBuffer {
  #ring: Uint8Array = new Uint8Array();
  /** Place in the ring of the first byte that is kept. */
  #first = 0;
  #length = 0;
  #end = 0;

  /** @param limit bytes, at least 1 */
  constructor(readonly limit: number) {}

  /** Number of the first byte that is kept. */
  get start(): number {
    return this.#end - this.#length;
  }

  /** How many bytes there were in all: the number of the next one. */
  get end(): number {
    return this.#end;
  }

  /** Bytes that are kept. */
  get length(): number {
    return this.#length;
  }

  /** Bytes of memory that it takes. */
  get held(): number {
    return this.#ring.length;
  }

  append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#end += bytes.length;
    const kept = bytes.length > this.limit ? bytes.subarray(bytes.length - this.limit) : bytes;
    if (kept.length === this.limit) {
      this.#ring = kept.slice();
      this.#first = 0;
      this.#length = this.limit;
      return;
    }
    if (this.#length + kept.length > this.#ring.length) this.#grow(this.#length + kept.length);
    const capacity = this.#ring.length;
    const at = (this.#first + this.#length) % capacity;
    const before = Math.min(kept.length, capacity - at);
    this.#ring.set(kept.subarray(0, before), at);
    this.#ring.set(kept.subarray(before), 0);
    const excess = Math.max(0, this.#length + kept.length - capacity);
    this.#first = (this.#first + excess) % capacity;
    this.#length += kept.length - excess;
  }

  /** So many bytes are lost, and what was before them is kept no more: what is kept has no gaps. */
  lose(count: number): void {
    if (count <= 0) return;
    this.#end += count;
    this.#first = this.#length = 0;
  }

  /** A copy of the bytes from number `from` on (or from the first that is kept), at most `most` of them. */
  read(from: number, most: number): Uint8Array {
    const skipped = Math.min(this.#length, Math.max(0, from - this.start));
    const count = Math.min(most, this.#length - skipped);
    const bytes = new Uint8Array(count);
    if (count === 0) return bytes;
    const at = (this.#first + skipped) % this.#ring.length;
    const before = this.#ring.subarray(at, at + count);
    bytes.set(before);
    bytes.set(this.#ring.subarray(0, count - before.length), before.length);
    return bytes;
  }

  /** Takes no more memory than what is kept: nothing more will come. */
  compact(): void {
    if (this.#ring.length > this.#length) this.#resize(this.#length);
  }

  #grow(wanted: number): void {
    if (this.#ring.length === this.limit) return;
    this.#resize(Math.min(this.limit, Math.max(SMALLEST, wanted, 2 * this.#ring.length)));
  }

  #resize(capacity: number): void {
    const ring = new Uint8Array(capacity);
    ring.set(this.read(this.start, this.#length));
    this.#ring = ring;
    this.#first = 0;
  }
}
