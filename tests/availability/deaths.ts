/** When replicas were killed: what was in hand at one of them then has no answer, and no program can give one. */
export class Deaths {
  readonly #all: { readonly from: number; to: number }[] = [];

  /** Notes when it was, from before until after `kill`. */
  async during(kill: () => Promise<unknown>): Promise<void> {
    const death = { from: performance.now(), to: Infinity };
    this.#all.push(death);
    try {
      await kill();
    } finally {
      death.to = performance.now();
    }
  }

  /** Whether what was asked at `began` (of `performance.now()`), and just broke off, may have been in hand then. */
  met(began: number): boolean {
    const now = performance.now();
    return this.#all.some(({ from, to }) => began <= to && now >= from);
  }
}

/** How the API server, and a client of it, tell that somebody went while an answer was waited for, or half told. */
export const BROKE_OFF =
  /error trying to reach service: (.*EOF|.*connection reset)|unexpected EOF|when reading response body/;
