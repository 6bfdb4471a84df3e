/** Calls with answers over frames, and what is told in between. */
import { type Frame, FrameReader } from "./frames.ts";
import { encodeHeader } from "./frames.ts";

/** Both directions of one connection. */
export interface Duplex {
  read(into: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
}

export interface CallsOptions {
  readonly connection: Duplex;
  /** Frames that answer nothing. Must not throw. */
  readonly onEvent: (frame: Frame) => void;
  /** Once, after every call was refused. `error` is set where what came was no frame. */
  readonly onEnd: (error: Error | undefined) => void;
  /** Makes the error of calls that get no answer. */
  readonly ended: () => Error;
  /** Where the reader goes on; the default reads from `connection`. */
  readonly reader?: FrameReader | undefined;
}

/** One connection on which calls are made. */
export class Calls {
  readonly #options: CallsOptions;
  readonly #waiting = new Map<number, PromiseWithResolvers<Frame>>();
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

  /** Calls that wait for an answer. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Resolves with the answer. Rejects with the reason of `signal`, after which an answer that still comes is dropped; what
   * was asked is done nevertheless.
   */
  async call(
    header: Readonly<Record<string, unknown>>,
    body: Uint8Array | undefined,
    signal: AbortSignal,
  ): Promise<Frame> {
    signal.throwIfAborted();
    if (this.#isEnded) throw this.#options.ended();
    const id = this.#next++;
    const waiting = Promise.withResolvers<Frame>();
    this.#waiting.set(id, waiting);
    const abort = () => {
      if (this.#waiting.delete(id)) waiting.reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    try {
      this.send({ ...header, id }, body);
      return await waiting.promise;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** Without an answer. */
  send(header: Readonly<Record<string, unknown>>, body?: Uint8Array): void {
    if (this.#isEnded) return;
    const start = encodeHeader(header, body?.length ?? 0);
    this.#writing = this.#writing.then(async () => {
      await writeAll(this.#options.connection, start);
      if (body !== undefined) await writeAll(this.#options.connection, body);
    }).catch(() => this.close());
  }

  close(): void {
    this.#end(undefined);
  }

  async #read(reader: FrameReader): Promise<void> {
    try {
      for (;;) {
        const frame = await reader.next();
        if (frame === undefined) break;
        const id = frame.header["id"];
        if (typeof id !== "number") {
          this.#options.onEvent(frame);
          continue;
        }
        const waiting = this.#waiting.get(id);
        if (waiting !== undefined && this.#waiting.delete(id)) waiting.resolve(frame);
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
    for (const waiting of this.#waiting.values()) waiting.reject(this.#options.ended());
    this.#waiting.clear();
    this.#options.onEnd(error);
  }
}

async function writeAll(connection: Duplex, bytes: Uint8Array): Promise<void> {
  let rest = bytes;
  while (rest.length > 0) rest = rest.subarray(await connection.write(rest));
}
