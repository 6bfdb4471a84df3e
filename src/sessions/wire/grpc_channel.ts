/** A bidirectional call of gRPC as a channel. Messages are coded here, so that their size is known before they are sent. */
import type { Channel, ChannelEvents, SendResult } from "./channel.ts";
import type { WireError } from "./wire_error.ts";

/** What both kinds of calls have. */
interface Writable {
  write(bytes: Uint8Array): boolean;
  once(event: "drain", listener: () => void): unknown;
}

export class GrpcChannel<Out, In> implements Channel<Out> {
  readonly #call: Writable;
  readonly #encode: (message: Out) => Uint8Array;
  readonly #maxBytes: number;
  readonly #hangUp: (reason: WireError | undefined) => void;
  #events: ChannelEvents<In> | undefined;
  #isOpen = true;

  /** @param hangUp ends the call; runs once at most */
  constructor(
    call: Writable,
    encode: (message: Out) => Uint8Array,
    maxBytes: number,
    hangUp: (reason: WireError | undefined) => void,
  ) {
    this.#call = call;
    this.#encode = encode;
    this.#maxBytes = maxBytes;
    this.#hangUp = hangUp;
  }

  /** Whom what happens is told. */
  listen(events: ChannelEvents<In>): void {
    this.#events = events;
  }

  send(message: Out): SendResult {
    if (!this.#isOpen) return "closed";
    const bytes = this.#encode(message);
    if (bytes.length > this.#maxBytes) return "too_large";
    if (this.#call.write(bytes)) return "sent";
    this.#call.once("drain", () => this.#isOpen && this.#events?.drained());
    return "full";
  }

  close(reason?: WireError): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#hangUp(reason);
    queueMicrotask(() => this.#tellClosed(reason));
  }

  opened(): void {
    if (this.#isOpen) this.#events?.opened();
  }

  message(message: In): void {
    if (this.#isOpen) this.#events?.message(message);
  }

  /** The call has ended by itself. */
  ended(error: WireError | undefined): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#tellClosed(error);
  }

  #tellClosed(error: WireError | undefined): void {
    const events = this.#events;
    this.#events = undefined;
    events?.closed(error);
  }
}
