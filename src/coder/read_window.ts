/** Messages that have come and were not read yet, in order; says when no more should be read for now. */

/** What a message costs besides its bytes: small ones are objects, too, and would come without end. */
const MESSAGE_BYTES = 256;

export class ReadWindow {
  readonly #bytes: number;
  #held = 0;
  /** What is taken from, from `#next` on, and what comes after that. */
  #taking: (Uint8Array | undefined)[] = [];
  #next = 0;
  #coming: Uint8Array[] = [];

  /** Full once so many bytes wait, with 256 more for each message. */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** Nothing more should be read until there is room. What comes all the same is kept. */
  get isFull(): boolean {
    return this.#held >= this.#bytes;
  }

  /** Less than half of it is in use. */
  get hasRoom(): boolean {
    return this.#held < this.#bytes / 2;
  }

  push(message: Uint8Array): void {
    this.#coming.push(message);
    this.#held += MESSAGE_BYTES + message.byteLength;
  }

  /** The oldest one. As quick however many there are. */
  take(): Uint8Array | undefined {
    if (this.#next === this.#taking.length) {
      this.#taking = this.#coming;
      this.#coming = [];
      this.#next = 0;
    }
    const message = this.#taking[this.#next];
    if (message === undefined) return undefined;
    // Nobody else is to hold on to it.
    this.#taking[this.#next++] = undefined;
    this.#held -= MESSAGE_BYTES + message.byteLength;
    return message;
  }

  clear(): void {
    this.#taking = [];
    this.#coming = [];
    this.#next = 0;
    this.#held = 0;
  }
}
