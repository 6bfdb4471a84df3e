/** How long a call may take, and who may end it before. */

/** Time and signal of one call. */
export interface CallTime {
  /** Ends with the client or with the deadline. */
  readonly signal: AbortSignal;
  /** Why it has ended. */
  readonly ended: "gone" | "deadline" | undefined;
  /** The client does not wait any more. */
  leave(): void;
  /** Time that a person needs is not the call's: runs `wait` outside of it, and begins anew. */
  outside<R>(wait: () => Promise<R>): Promise<R>;
  /** What `run` gives, or a rejection with the signal's reason where that comes first. */
  within<R>(run: Promise<R>): Promise<R>;
  /** Lets go of the timer. */
  done(): void;
}

/** Begins. @param deadlineMs in milliseconds */
export function startCallTime(deadlineMs: number): CallTime {
  return new Time(deadlineMs);
}

class Time implements CallTime {
  readonly #abort = new AbortController();
  readonly #deadlineMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #reject: ((reason: unknown) => void) | undefined;
  ended: "gone" | "deadline" | undefined;

  constructor(deadlineMs: number) {
    this.#deadlineMs = deadlineMs;
    this.#arm();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  #arm(): void {
    this.#timer = setTimeout(() => {
      this.#end("deadline", new DOMException("The call took too long.", "TimeoutError"));
    }, this.#deadlineMs);
  }

  #end(why: "gone" | "deadline", reason: DOMException): void {
    if (this.ended !== undefined) return;
    this.ended = why;
    clearTimeout(this.#timer);
    this.#abort.abort(reason);
    this.#reject?.(reason);
  }

  leave(): void {
    this.#end("gone", new DOMException("The client is gone.", "AbortError"));
  }

  async outside<R>(wait: () => Promise<R>): Promise<R> {
    clearTimeout(this.#timer);
    try {
      return await wait();
    } finally {
      if (this.ended === undefined) this.#arm();
    }
  }

  within<R>(run: Promise<R>): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      if (this.ended !== undefined) return reject(this.signal.reason);
      this.#reject = reject;
      run.then(resolve, reject);
    });
  }

  done(): void {
    clearTimeout(this.#timer);
  }
}
