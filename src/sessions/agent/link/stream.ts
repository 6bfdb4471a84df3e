/**
 * One stream of bytes that outlives what carries it, both directions. Each side numbers its bytes, keeps them until the other
 * has said that it has them, and goes on from there on another carrier. No effects: packets out, payloads in.
 */
import { encodePacket, KIND } from "./packets.ts";

/** Bytes of one packet: its line of base64 is to be no longer than 16 kB. */
export const PIECE = 11_500;
/** Bytes that are on their way. */
export const WINDOW = 2 ** 19;
/** Bytes that were received and not said, after which that is said by itself. */
export const TELL = 2 ** 16;

export class LinkStream {
  /** From byte `#acked` on. */
  readonly #pieces: Uint8Array[] = [];
  /** Of these, those that were sent since the last change of carriers. */
  #cursor = 0;
  #acked = 0;
  #sent = 0;
  #end = 0;
  #received = 0;
  #told = 0;

  constructor(readonly number: number) {}

  /** Bytes that have come. */
  get received(): number {
    return this.#received;
  }

  /** Bytes that the other side has not said to have. */
  get outstanding(): number {
    return this.#end - this.#acked;
  }

  /** Adds bytes to be sent, which must not be changed afterwards. */
  queue(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += PIECE) this.#pieces.push(bytes.subarray(at, at + PIECE));
    this.#end += bytes.length;
  }

  /** The next packet; undefined where there is none, or enough is on its way. */
  take(): Uint8Array | undefined {
    const payload = this.#pieces[this.#cursor];
    if (payload === undefined || this.#sent - this.#acked >= WINDOW) return undefined;
    this.#cursor++;
    this.#sent += payload.length;
    this.#told = this.#received;
    return encodePacket({ kind: KIND.DATA, stream: this.number, received: this.#received, payload });
  }

  /** That which says what was received, where that is worth a packet of its own: much, or `anything` new. */
  tell(anything = false): Uint8Array | undefined {
    if (this.#received - this.#told < (anything ? 1 : TELL)) return undefined;
    this.#told = this.#received;
    return encodePacket({ kind: KIND.ACK, stream: this.number, received: this.#received });
  }

  /** That which moves the stream to the carrier that it is sent on. */
  bind(): Uint8Array {
    this.#told = this.#received;
    return encodePacket({ kind: KIND.BIND, stream: this.number, received: this.#received });
  }

  /** @throws {Error} where that cannot be */
  acknowledged(count: number): void {
    if (count > this.#sent) throw new Error(`${count} bytes were received, of ${this.#sent}`);
    while (this.#acked < count) {
      this.#acked += this.#pieces.shift()!.length;
      this.#cursor--;
    }
  }

  /** Goes on with another carrier, after what the other side has received. */
  resume(received: number): void {
    this.acknowledged(received);
    this.#cursor = 0;
    this.#sent = this.#acked;
  }

  /** Bytes have come, in order. */
  data(payload: Uint8Array): void {
    this.#received += payload.length;
  }
}
