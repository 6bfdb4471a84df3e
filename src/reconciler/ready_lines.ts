/** First in, first out, within priorities: higher numbers go first. */

/** Items stand in one line for each priority. Adding, moving and taking cost the same however long the lines are. */
export class ReadyLines<T> {
  readonly #lines = new Map<number, Set<T>>();
  /** Priorities that have a line, highest first. Few in practice. */
  #order: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(item: T, priority: number): void {
    let line = this.#lines.get(priority);
    if (line === undefined) {
      line = new Set();
      this.#lines.set(priority, line);
      this.#order = [...this.#lines.keys()].sort((a, b) => b - a);
    }
    line.add(item);
    this.#size++;
  }

  /** Puts an item at the end of another priority's line. */
  move(item: T, from: number, to: number): void {
    if (from === to || this.#lines.get(from)?.delete(item) !== true) return;
    this.#size--;
    this.add(item, to);
  }

  take(): T | undefined {
    for (const priority of this.#order) {
      const line = this.#lines.get(priority)!;
      for (const item of line) {
        line.delete(item);
        this.#size--;
        return item;
      }
    }
    return undefined;
  }

  /** The first in the most important line. */
  peek(): T | undefined {
    for (const priority of this.#order) {
      for (const item of this.#lines.get(priority)!) return item;
    }
    return undefined;
  }

  /** How many stand in each line; priorities seen before keep their entry with 0. */
  depths(): ReadonlyMap<number, number> {
    return new Map([...this.#lines].map(([priority, line]) => [priority, line.size]));
  }

  clear(): void {
    for (const line of this.#lines.values()) line.clear();
    this.#size = 0;
  }
}
