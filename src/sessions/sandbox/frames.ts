/**
 * Frames between the worker and its Python processes: two lengths (32 bit, big endian), a JSON object, raw bytes. What comes
 * from a session is foreign: lengths are capped before anything is allocated.
 */

export interface Frame {
  readonly header: Record<string, unknown>;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Whatever gives bytes; `null` is the end. */
export interface ByteSource {
  read(into: Uint8Array): Promise<number | null>;
}

export const MAX_HEADER_BYTES = 16 * 2 ** 20;
export const MAX_FRAME_BODY_BYTES = 64 * 2 ** 20;
/** Each session that is not idle has one; longer pieces are read past it. */
const BUFFER_BYTES = 16_384;
const SHORT_BYTES = 4_096;
const NOTHING = new Uint8Array(0);
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The bytes of one frame; the body goes after them as it is. */
export function encodeHeader(header: Readonly<Record<string, unknown>>, bodyLength: number): Uint8Array {
  const text = encoder.encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, text.length);
  view.setUint32(4, bodyLength);
  bytes.set(text, 8);
  return bytes;
}

/** @throws {Error} where what comes is no frame */
export class FrameReader {
  readonly #source: ByteSource;
  #buffer = new Uint8Array(BUFFER_BYTES);
  #start = 0;
  #end = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** The next frame; `undefined` at the end, also where that comes in the middle of one. */
  async next(): Promise<Frame | undefined> {
    if (!await this.#fill(8)) return undefined;
    const view = new DataView(this.#buffer.buffer, this.#start, 8);
    const headerLength = view.getUint32(0);
    const bodyLength = view.getUint32(4);
    if (headerLength < 2 || headerLength > MAX_HEADER_BYTES || bodyLength > MAX_FRAME_BODY_BYTES) {
      throw new Error(`a frame of ${headerLength} and ${bodyLength} bytes is none of a sandbox`);
    }
    this.#start += 8;
    const header = await this.#take(headerLength);
    if (header === undefined) return undefined;
    const parsed: unknown = JSON.parse(decoder.decode(header));
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
      throw new Error("a frame's header is no object");
    }
    const body = bodyLength === 0 ? NOTHING : await this.#take(bodyLength);
    if (body === undefined) return undefined;
    return { header: parsed as Record<string, unknown>, body };
  }

  async #fill(length: number): Promise<boolean> {
    if (this.#start > 0 && this.#buffer.length - this.#start < length) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    while (this.#end - this.#start < length) {
      const count = await this.#source.read(this.#buffer.subarray(this.#end));
      if (count === null || count === 0) return false;
      this.#end += count;
    }
    return true;
  }

  /** What is longer than the buffer is read straight into bytes of its own. */
  async #take(length: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const bytes = new Uint8Array(length);
    let filled = Math.min(length, this.#end - this.#start);
    bytes.set(this.#buffer.subarray(this.#start, this.#start + filled));
    this.#start += filled;
    if (this.#start === this.#end) this.#start = this.#end = 0;
    while (filled < length) {
      if (length - filled < SHORT_BYTES) {
        if (!await this.#fill(length - filled)) return undefined;
        bytes.set(this.#buffer.subarray(this.#start, this.#start + length - filled), filled);
        this.#start += length - filled;
        return bytes;
      }
      const count = await this.#source.read(bytes.subarray(filled));
      if (count === null || count === 0) return undefined;
      filled += count;
    }
    return bytes;
  }
}
