/** One request that many wait for. */

/** See the file's head. It ends early only when the last who waits has gone. */
export class Flight {
  readonly #controller = new AbortController();
  readonly #settled: Promise<void>;
  readonly #abandoned: () => void;
  #waiting = 0;

  /** Starts `run`. `abandoned` is called when nobody waits any more, before its signal aborts. */
  constructor(run: (flight: Flight, signal: AbortSignal) => Promise<void>, abandoned: () => void) {
    this.#abandoned = abandoned;
    this.#settled = run(this, this.#controller.signal);
    // Whoever waits sees the failure; where nobody does, it is nobody's.
    this.#settled.catch(() => {});
  }

  /** Waits for the end. Rejects with the signal's reason as soon as it aborts, and with what `run` throws. */
  join(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting++;
    let waits = true;
    const leave = () => {
      if (!waits) return false;
      waits = false;
      this.#waiting--;
      signal.removeEventListener("abort", onAbort);
      return true;
    };
    const onAbort = () => {
      leave();
      reject(signal.reason);
      if (this.#waiting > 0) return;
      this.#abandoned();
      this.#controller.abort(signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    this.#settled.then(() => leave() && resolve(), (error) => leave() && reject(error));
    if (signal.aborted) onAbort();
    return promise;
  }
}
