/** Writes of which it is not known whether they were done: who tries them again knows them as its own. */

interface Write {
  readonly by: string;
  readonly content: string;
  readonly at: number;
}

const MOST = 10_000;
const REMEMBERED_MS = 10 * 60_000;

export class UnknownWrites {
  readonly #writes = new Map<string, Write>();

  /** @param now milliseconds of any clock */
  constructor(private readonly now: () => number) {}

  /** @param by what the write is known by where it was done */
  remember(id: string, by: string, content: string): void {
    this.#writes.delete(id);
    const [oldest] = this.#writes.keys();
    if (this.#writes.size >= MOST && oldest !== undefined) this.#writes.delete(oldest);
    this.#writes.set(id, { by, content, at: this.now() });
  }

  /** Whose it would be if it was done; empty where the same was not tried before. */
  before(id: string, content: string): string {
    const write = this.#writes.get(id);
    if (write?.content !== content || this.now() - write.at > REMEMBERED_MS) return "";
    return write.by;
  }

  /** It is known now. */
  settle(id: string): void {
    this.#writes.delete(id);
  }
}
