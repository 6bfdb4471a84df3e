/** Which sessions take a place at one worker: those that this coordinator has put there, and those that it says it has. Pure. */

/** How many of a worker's loads a session that was let go may still be in: one may have been on its way. */
const LOADS_AFTER_RELEASE = 2;
/** How many in a row say that a session is not there, before that is so: one may have been on its way. */
const LOADS_WITHOUT = 2;

export class Places {
  /** And how many loads in a row it was missing in. */
  readonly #placed = new Map<string, number>();
  /** How many are opening it: whatever else is told, the worker may have it in a moment. */
  readonly #opening = new Map<string, number>();
  /** How many are telling the worker to close it. */
  readonly #closing = new Map<string, number>();
  /** Others that the worker says it has: of another coordinator, or nobody's. */
  #others = new Set<string>();
  /** All that it has said last. */
  #loaded: ReadonlySet<string> = new Set();
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
    this.#placed.set(session, 0);
    this.#others.delete(session);
    this.#released.delete(session);
  }

  /** As {@linkcode Places.take}, and it keeps its place until {@linkcode Places.opened}, once for each call of this. */
  open(session: string): void {
    this.take(session);
    count(this.#opening, session, 1);
  }

  /** It was opened, or not: it can be let go from now on. */
  opened(session: string): void {
    count(this.#opening, session, -1);
  }

  closing(session: string): void {
    count(this.#closing, session, 1);
  }

  /** @param isGone the worker says so; otherwise its next load will tell */
  closed(session: string, isGone: boolean): void {
    count(this.#closing, session, -1);
    if (isGone) return this.release(session);
    if (this.#opening.has(session)) return;
    if (this.#placed.delete(session)) this.#others.add(session);
  }

  release(session: string): void {
    if (this.#opening.has(session)) return;
    const wasHere = this.#placed.delete(session);
    if (this.#others.delete(session) || wasHere) this.#released.set(session, 0);
  }

  /** Those that were put here, and are neither being opened nor closed. */
  get settled(): readonly string[] {
    return [...this.#placed.keys()].filter((session) => this.#isSettled(session));
  }

  #isSettled(session: string): boolean {
    return this.#placed.has(session) && !this.#opening.has(session) && !this.#closing.has(session);
  }

  /** Somebody else has ended them: what the worker says that it has of them is none that was put here, and the rest is gone. */
  over(sessions: Iterable<string>): void {
    for (const session of sessions) {
      if (!this.#isSettled(session)) continue;
      this.#placed.delete(session);
      if (this.#loaded.has(session)) this.#others.add(session);
    }
  }

  /** The worker has said what it has. */
  loaded(sessions: readonly string[]): void {
    this.#loaded = new Set(sessions);
    for (const [session, loads] of this.#placed) {
      const without = this.#loaded.has(session) || this.#opening.has(session) ? 0 : loads + 1;
      if (without >= LOADS_WITHOUT) this.#placed.delete(session);
      else this.#placed.set(session, without);
    }
    this.#others = new Set(
      sessions.filter((session) => !this.#placed.has(session) && !this.#released.has(session)),
    );
    for (const [session, loads] of this.#released) {
      if (loads + 1 >= LOADS_AFTER_RELEASE) this.#released.delete(session);
      else this.#released.set(session, loads + 1);
    }
  }
}

function count(counts: Map<string, number>, session: string, by: number): void {
  const now = (counts.get(session) ?? 0) + by;
  if (now > 0) counts.set(session, now);
  else counts.delete(session);
}
