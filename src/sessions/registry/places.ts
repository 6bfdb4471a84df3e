/** Which sessions take a place at one worker: those that this coordinator has put there, and those that it says it has. Pure. */

/** How many of a worker's loads a session that was let go may still be in: one may have been on its way. */
const LOADS_AFTER_RELEASE = 2;

export class Places {
  readonly #placed = new Set<string>();
  /** Being opened: whatever else is told, the worker may have them in a moment. */
  readonly #opening = new Set<string>();
  /** How many are telling the worker to close it. */
  readonly #closing = new Map<string, number>();
  /** Others that the worker says it has: of another coordinator, or nobody's. */
  #others = new Set<string>();
  /** Let go, and how many loads ago. */
  readonly #released = new Map<string, number>();

  get size(): number {
    return this.#placed.size + this.#others.size;
  }

  /** Those that the worker has, and nobody here has put there. */
  get others(): ReadonlySet<string> {
    return this.#others;
  }

  /** It must not be opened at the same time. */
  isClosing(session: string): boolean {
    return this.#closing.has(session);
  }

  take(session: string): void {
    this.#placed.add(session);
    this.#others.delete(session);
    this.#released.delete(session);
  }

  /** As {@linkcode Places.take}, and it keeps its place until {@linkcode Places.opened}. */
  open(session: string): void {
    this.take(session);
    this.#opening.add(session);
  }

  /** It was opened, or not: it can be let go from now on. */
  opened(session: string): void {
    this.#opening.delete(session);
  }

  closing(session: string): void {
    this.#closing.set(session, (this.#closing.get(session) ?? 0) + 1);
  }

  /** @param isGone the worker says so; otherwise its next load will tell */
  closed(session: string, isGone: boolean): void {
    const closing = (this.#closing.get(session) ?? 0) - 1;
    if (closing > 0) this.#closing.set(session, closing);
    else this.#closing.delete(session);
    if (isGone) return this.release(session);
    if (this.#opening.has(session)) return;
    if (this.#placed.delete(session)) this.#others.add(session);
  }

  release(session: string): void {
    if (this.#opening.has(session)) return;
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
