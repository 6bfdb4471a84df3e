/** First in, first out, within priorities: higher numbers go first. */

/**
 * One line. A Set keeps the order and lets items leave from the middle; the iterator that is kept stands behind what
 * was taken, because finding the first of a Set anew walks over the gaps that its predecessors left.
 */
class Line<T> {
  readonly items = new Set<T>();
  readonly #next = this.items.values();

  /** Only while there are items: an iterator that has come to its end stays there. */
  take(): T {
    const item = this.#next.next().value!;
    this.items.delete(item);
    return item;
  }

  peek(): T | undefined {
    return this.items.values().next().value;
  }
}

/** Items stand in one line for each priority. Adding, moving and taking cost the same however long the lines are. */
export class ReadyLines<T> {
  readonly #lines = new Map<number, Line<T>>();
  /** Highest priority first. Few in practice. */
  #order: Line<T>[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(item: T, priority: number): void {
    let line = this.#lines.get(priority);
    if (line === undefined) {
      this.#lines.set(priority, line = new Line());
      this.#order = [...this.#lines].sort(([a], [b]) => b - a).map(([, line]) => line);
    }
    line.items.add(item);
    this.#size++;
  }

  /** Puts an item at the end of another priority's line. */
  move(item: T, from: number, to: number): void {
    if (from === to || this.#lines.get(from)?.items.delete(item) !== true) return;
    this.#size--;
    this.add(item, to);
  }

  take(): T | undefined {
    for (const line of this.#order) {
      if (line.items.size === 0) continue;
      this.#size--;
      return line.take();
    }
    return undefined;
  }

  /** The first in the most important line. */
  peek(): T | undefined {
    return this.#order.find(({ items }) => items.size > 0)?.peek();
  }

  /** How many stand in each line; priorities seen before keep their entry with 0. */
  depths(): ReadonlyMap<number, number> {
    return new Map([...this.#lines].map(([priority, { items }]) => [priority, items.size]));
  }

  clear(): void {
    for (const { items } of this.#lines.values()) items.clear();
    this.#size = 0;
  }
}
