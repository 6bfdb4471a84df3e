/** What a process has begun, ended in the opposite order, whatever happens to one of them. */

export class Ends implements AsyncDisposable {
  readonly #ends: { readonly name: string; readonly end: () => unknown }[] = [];

  /** @param end called once, when all that was begun after it has ended */
  add(name: string, end: () => unknown): void {
    this.#ends.push({ name, end });
  }

  /** Runs something until it is told to end. Where it fails before that, the end does. */
  run(name: string, run: (signal: AbortSignal) => Promise<unknown>): void {
    const stop = new AbortController();
    const running = run(stop.signal);
    running.catch(() => {});
    this.add(name, () => {
      stop.abort();
      return running;
    });
  }

  /** Ends all. Rejects with the first failure, once all have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (const { name, end } of this.#ends.splice(0).reverse()) {
      try {
        await end();
      } catch (cause) {
        failures.push(new Error(`${name} did not end as it should.`, { cause }));
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
