/** Redis' protocol (RESP 2): commands to bytes, bytes to replies. */

export type Argument = string | Uint8Array;
/** Texts come as bytes. */
export type RawReply = null | number | Uint8Array | RespError | readonly RawReply[];

/** The server said no, in its own words. */
export class RespError {
  constructor(readonly message: string) {}
}

/** What came is not of the protocol, or larger than anything that was asked for. */
export class RespProtocolError extends Error {
  override readonly name = "RespProtocolError";
}

const CR = 13;
const LF = 10;
const MAX_LINE = 65_536;
/** Of one text: the largest that is asked for is a piece of a checkpoint. */
const MAX_TEXT = 64 * 2 ** 20;
const MAX_ITEMS = 2 ** 20;
const MAX_DEPTH = 8;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One command. */
export function encodeCommand(args: readonly Argument[]): Uint8Array {
  const parts: Uint8Array[] = [encoder.encode(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = typeof arg === "string" ? encoder.encode(arg) : arg;
    parts.push(encoder.encode(`$${bytes.length}\r\n`), bytes, encoder.encode("\r\n"));
  }
  return joined(parts);
}

interface OpenArray {
  readonly items: RawReply[];
  left: number;
}

/** Replies out of bytes as they come, cut anywhere. */
export class RespDecoder {
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** So many bytes are needed before anything goes on. */
  #need = 1;
  /** Arrays that are not whole yet, the innermost last. */
  readonly #open: OpenArray[] = [];

  /**
   * @returns those that are whole now
   * @throws {RespProtocolError} nothing that comes later makes sense then
   */
  push(chunk: Uint8Array): readonly RawReply[] {
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    const found: RawReply[] = [];
    if (this.#waitingBytes < this.#need) return found;
    const bytes = this.#waiting.length === 1 ? chunk : joined(this.#waiting);
    let at = 0;
    this.#need = 1;
    while (at < bytes.length) {
      const end = lineEnd(bytes, at);
      if (end === undefined) {
        if (bytes.length - at > MAX_LINE) throw new RespProtocolError("a line of its reply does not end");
        this.#need = bytes.length - at + 1;
        break;
      }
      const line = decoder.decode(bytes.subarray(at + 1, end));
      const after = end + 2;
      const type = String.fromCharCode(bytes[at] ?? 0);
      if (type !== "$") {
        this.#line(type, line, found);
        at = after;
        continue;
      }
      const length = numberOf(line, -1, MAX_TEXT);
      if (length === -1) {
        this.#put(null, found);
        at = after;
        continue;
      }
      if (bytes.length < after + length + 2) {
        this.#need = after - at + length + 2;
        break;
      }
      if (bytes[after + length] !== CR || bytes[after + length + 1] !== LF) {
        throw new RespProtocolError("a text of its reply is not as long as it says");
      }
      this.#put(bytes.slice(after, after + length), found);
      at = after + length + 2;
    }
    this.#waiting.splice(0);
    this.#waitingBytes = bytes.length - at;
    if (this.#waitingBytes > 0) this.#waiting.push(bytes.subarray(at));
    return found;
  }

  #line(type: string, line: string, found: RawReply[]): void {
    if (type === "+") return this.#put(encoder.encode(line), found);
    if (type === "-") return this.#put(new RespError(line), found);
    if (type === ":") {
      return this.#put(numberOf(line, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER), found);
    }
    if (type !== "*") throw new RespProtocolError(`its reply begins with ${JSON.stringify(type)}`);
    const left = numberOf(line, -1, MAX_ITEMS);
    if (left === -1) return this.#put(null, found);
    if (left === 0) return this.#put([], found);
    if (this.#open.length >= MAX_DEPTH) throw new RespProtocolError("its reply is too deep");
    this.#open.push({ items: [], left });
  }

  #put(reply: RawReply, found: RawReply[]): void {
    let whole = reply;
    for (;;) {
      const inner = this.#open.at(-1);
      if (inner === undefined) return void found.push(whole);
      inner.items.push(whole);
      if (--inner.left > 0) return;
      this.#open.pop();
      whole = inner.items;
    }
  }
}

/** Where the line's CR is. */
function lineEnd(bytes: Uint8Array, from: number): number | undefined {
  const at = bytes.indexOf(LF, from);
  if (at === -1) return undefined;
  if (at - 1 <= from || bytes[at - 1] !== CR) throw new RespProtocolError("a line of its reply ends oddly");
  return at - 1;
}

function numberOf(line: string, min: number, max: number): number {
  const number = /^-?\d{1,16}$/.test(line) ? Number(line) : NaN;
  if (!(number >= min && number <= max)) {
    throw new RespProtocolError(`its reply has ${JSON.stringify(line.slice(0, 32))} for a number`);
  }
  return number;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
