/** One stream between a worker and its coordinator, as both see it; and one that stays in this process. */
import type { WireError } from "./wire_error.ts";

/**
 * What became of a message: `sent`; `full` means sent, too, and that no more should be until `drained`; `too_large` and
 * `closed` mean not sent.
 */
export type SendResult = "sent" | "full" | "too_large" | "closed";

/** This side's end. */
export interface Channel<Out> {
  send(message: Out): SendResult;
  /** Ends it for both sides. `closed` is called on this side, too. Twice is no more than once. */
  close(reason?: WireError): void;
}

/** What this side is told; never from inside of a call of `send`. */
export interface ChannelEvents<In> {
  /** The other side has accepted it. */
  opened(): void;
  message(message: In): void;
  /** There is room again, after `full`. */
  drained(): void;
  /** Once, and the last. Without an error where the other side ended it in good order. */
  closed(error?: WireError): void;
}

/** The two ends of a stream in memory. Messages arrive in order, each in a turn of its own, by reference. */
export class MemoryStream<A, B> {
  #a: ChannelEvents<B> | undefined;
  #b: ChannelEvents<A> | undefined;
  #isOpen = true;

  constructor(a: ChannelEvents<B>, b: ChannelEvents<A>) {
    this.#a = a;
    this.#b = b;
  }

  /** B has accepted it: A is told. */
  accept(): void {
    this.#deliver(() => this.#a?.opened());
  }

  /** Sends to B. */
  readonly a: Channel<A> = {
    send: (message) => this.#deliver(() => this.#b?.message(message)),
    close: (reason) => this.#close(reason),
  };
  /** Sends to A. */
  readonly b: Channel<B> = {
    send: (message) => this.#deliver(() => this.#a?.message(message)),
    close: (reason) => this.#close(reason),
  };

  /** As when a cable is cut: what is on its way is lost, and both sides are told. */
  cut(error: WireError): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const [a, b] = [this.#a, this.#b];
    this.#a = this.#b = undefined;
    queueMicrotask(() => {
      a?.closed(error);
      b?.closed(error);
    });
  }

  #deliver(run: () => void): SendResult {
    if (!this.#isOpen) return "closed";
    queueMicrotask(run);
    return "sent";
  }

  #close(reason: WireError | undefined): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    // After what was sent before.
    queueMicrotask(() => {
      const [a, b] = [this.#a, this.#b];
      this.#a = this.#b = undefined;
      a?.closed(reason);
      b?.closed(reason);
    });
  }
}
