/** Calls with answers over frames, and what is told in between. */
import { SessionError } from "../types.ts";
import { encodeHeader, type Frame, FrameReader, MAX_FRAME_BODY_BYTES, MAX_HEADER_BYTES } from "./frames.ts";

/** Both directions of one connection. */
export interface Duplex {
  read(into: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
}

export interface CallsOptions {
  readonly connection: Duplex;
  /** Frames that answer nothing, in order. */
  readonly onEvent: (frame: Frame) => void;
  /** Once, after every call was refused. `error` is set where what came was no frame. */
  readonly onEnd: (error: Error | undefined) => void;
  /** Makes the error of calls that get no answer. `isSent`: some of it was written. */
  readonly ended: (isSent: boolean) => Error;
  /** Where some of it was read already. */
  readonly reader?: FrameReader | undefined;
}

interface Waiting {
  /** Some of it was written. */
  isSent: boolean;
  answer(frame: Frame): void;
  refuse(error: Error): void;
}

/** One connection on which calls are made. */
export class Calls {
  readonly #options: CallsOptions;
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  #writing: Promise<void> = Promise.resolve();
  #isEnded = false;

  constructor(options: CallsOptions) {
    this.#options = options;
    void this.#read(options.reader ?? new FrameReader(options.connection));
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /**
   * Resolves with the answer. Rejects with the reason of `signal`; then `onLate` gets the number of the call, and what the
   * answer was once that has come (`undefined`: it never does). Rejects with `SessionError` `limit` what is too long to send.
   */
  async call(
    header: Readonly<Record<string, unknown>>,
    body: Uint8Array | undefined,
    signal: AbortSignal,
    onLate?: (id: number, answer: Promise<Frame | undefined>) => void,
  ): Promise<Frame> {
    signal.throwIfAborted();
    if (this.#isEnded) throw this.#options.ended(false);
    const id = this.#next++;
    const start = encodeHeader({ ...header, id }, body?.length ?? 0);
    if (start.length > MAX_HEADER_BYTES || (body?.length ?? 0) > MAX_FRAME_BODY_BYTES) {
      // The other side would take it for no frame, and end with all that is in it.
      throw new SessionError(
        "limit",
        `${start.length} bytes of arguments and ${
          body?.length ?? 0
        } of content are more than a sandbox takes at once ` +
          `(${MAX_HEADER_BYTES}, ${MAX_FRAME_BODY_BYTES}): send them in pieces`,
      );
    }
    const result = Promise.withResolvers<Frame>();
    const waiting: Waiting = { isSent: false, answer: result.resolve, refuse: result.reject };
    this.#waiting.set(id, waiting);
    const abort = () => {
      const late = Promise.withResolvers<Frame | undefined>();
      waiting.answer = late.resolve;
      waiting.refuse = () => late.resolve(undefined);
      result.reject(signal.reason);
      onLate?.(id, late.promise);
    };
    signal.addEventListener("abort", abort, { once: true });
    try {
      this.#write(start, body, () => waiting.isSent = true);
      return await result.promise;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** Without an answer. What is sent goes in order; `body` must not be changed afterwards. */
  send(header: Readonly<Record<string, unknown>>, body?: Uint8Array): void {
    if (!this.#isEnded) this.#write(encodeHeader(header, body?.length ?? 0), body);
  }

  #write(start: Uint8Array, body: Uint8Array | undefined, onSent: () => void = () => {}): void {
    this.#writing = this.#writing.then(async () => {
      if (this.#isEnded) return;
      await writeAll(this.#options.connection, start, onSent);
      if (body !== undefined) await writeAll(this.#options.connection, body);
    }).catch(() => this.close());
  }

  /** Closes it after what was sent. */
  finish(): void {
    this.#writing = this.#writing.then(() => this.close());
  }

  close(): void {
    this.#end(undefined);
  }

  async #read(reader: FrameReader): Promise<void> {
    try {
      for (;;) {
        const frame = await reader.next();
        if (frame === undefined || this.#isEnded) break;
        const id = frame.header["id"];
        if (typeof id !== "number") {
          this.#options.onEvent(frame);
          continue;
        }
        const waiting = this.#waiting.get(id);
        this.#waiting.delete(id);
        waiting?.answer(frame);
      }
      this.#end(undefined);
    } catch (error) {
      this.#end(this.#isEnded ? undefined : error instanceof Error ? error : new Error(String(error)));
    }
  }

  #end(error: Error | undefined): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    try {
      this.#options.connection.close();
    } catch {
      // It was closed from the other side.
    }
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const one of waiting) one.refuse(this.#options.ended(one.isSent));
    this.#options.onEnd(error);
  }
}

async function writeAll(connection: Duplex, bytes: Uint8Array, onSent: () => void = () => {}): Promise<void> {
  let rest = bytes;
  while (rest.length > 0) {
    rest = rest.subarray(await connection.write(rest));
    onSent();
  }
}
