/** Which sessions take a place at one worker: those that this coordinator has put there, and those that it says it has. Pure. */

/** How many of a worker's loads a session that was let go may still be in: one may have been on its way. */
const LOADS_AFTER_RELEASE = 2;

export class Places {
  readonly #placed = new Set<string>();
  /** Others that the worker says it has: of another coordinator, or nobody's. */
  #others = new Set<string>();
  /** Let go, and how many loads ago. */
  readonly #released = new Map<string, number>();

  get size(): number {
    return this.#placed.size + this.#others.size;
  }

  has(session: string): boolean {
    return this.#placed.has(session);
  }

  /** Those that the worker has, and nobody here has put there. */
  get others(): ReadonlySet<string> {
    return this.#others;
  }

  take(session: string): void {
    this.#placed.add(session);
    this.#others.delete(session);
    this.#released.delete(session);
  }

  release(session: string): void {
    const wasHere = this.#placed.delete(session);
    if (this.#others.delete(session) || wasHere) this.#released.set(session, 0);
  }

  /** The worker has said what it has. */
  loaded(sessions: readonly string[]): void {
    this.#others = new Set(
      sessions.filter((session) => !this.#placed.has(session) && !this.#released.has(session)),
    );
    for (const [session, loads] of this.#released) {
      if (loads + 1 >= LOADS_AFTER_RELEASE) this.#released.delete(session);
      else this.#released.set(session, loads + 1);
    }
  }
}
