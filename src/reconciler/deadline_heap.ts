/** What falls due next, among many things: a binary heap that tolerates outdated entries. */

interface Node<T> {
  readonly due: number;
  readonly item: T;
}

const SMALLEST_SWEEP = 64;

/** Entries are never removed from the middle; the reader skips those that no longer hold (see `isCurrent`).
 * The heap stays within about twice the number of current entries. */
export class DeadlineHeap<T> {
  #nodes: Node<T>[] = [];
  /** Outdated entries are swept out when the heap has grown to this size. */
  #sweepAt = SMALLEST_SWEEP;
  readonly #isCurrent: (item: T, due: number) => boolean;

  /** `isCurrent` says whether an entry still stands; those for which it is false are dropped when they come up. */
  constructor(isCurrent: (item: T, due: number) => boolean) {
    this.#isCurrent = isCurrent;
  }

  /** Entries held, outdated ones included. */
  get size(): number {
    return this.#nodes.length;
  }

  push(item: T, due: number): void {
    if (this.#nodes.length >= this.#sweepAt) this.#sweep();
    const nodes = this.#nodes;
    let at = nodes.push({ item, due }) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (nodes[parent]!.due <= nodes[at]!.due) break;
      this.#swap(parent, at);
      at = parent;
    }
  }

  /** When the next current entry falls due. */
  nextDue(): number | undefined {
    this.#dropOutdated();
    return this.#nodes[0]?.due;
  }

  /** Takes the next current entry that is due at `now`. */
  takeDue(now: number): T | undefined {
    this.#dropOutdated();
    const first = this.#nodes[0];
    if (first === undefined || first.due > now) return undefined;
    this.#removeFirst();
    return first.item;
  }

  clear(): void {
    this.#nodes.length = 0;
  }

  #sweep(): void {
    // A sorted list is a heap.
    this.#nodes = this.#nodes.filter(({ item, due }) => this.#isCurrent(item, due)).sort((a, b) =>
      a.due - b.due
    );
    this.#sweepAt = Math.max(SMALLEST_SWEEP, 2 * this.#nodes.length);
  }

  #dropOutdated(): void {
    for (let first = this.#nodes[0]; first !== undefined; first = this.#nodes[0]) {
      if (this.#isCurrent(first.item, first.due)) return;
      this.#removeFirst();
    }
  }

  #removeFirst(): void {
    const nodes = this.#nodes;
    const last = nodes.pop()!;
    if (nodes.length === 0) return;
    nodes[0] = last;
    let at = 0;
    while (true) {
      const left = 2 * at + 1;
      const right = left + 1;
      let least = at;
      if (left < nodes.length && nodes[left]!.due < nodes[least]!.due) least = left;
      if (right < nodes.length && nodes[right]!.due < nodes[least]!.due) least = right;
      if (least === at) return;
      this.#swap(least, at);
      at = least;
    }
  }

  #swap(a: number, b: number): void {
    const nodes = this.#nodes;
    [nodes[a], nodes[b]] = [nodes[b]!, nodes[a]!];
  }
}
