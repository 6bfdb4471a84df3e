/** Reads a connection piece by piece, with what came too early kept for the next. */

/** What was sent does not fit what is expected; the message says what. */
export class WrongBytes extends Error {
  override readonly name = "WrongBytes";
  /** An HTTP status that says it. */
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

const BUFFER = 65_536;
const EMPTY = new Uint8Array();

export class ByteReader {
  #kept: Uint8Array = EMPTY;

  constructor(readonly source: Pick<Deno.Conn, "read">) {}

  /** What comes next; `undefined` at the end. */
  async some(): Promise<Uint8Array | undefined> {
    const kept = this.#kept;
    if (kept.length > 0) {
      this.#kept = EMPTY;
      return kept;
    }
    const buffer = new Uint8Array(BUFFER);
    const count = await this.source.read(buffer);
    return count === null ? undefined : buffer.subarray(0, count);
  }

  /**
   * Everything up to `end`, without it, as Latin-1; `undefined` where the connection ended before anything came. Rejects with
   * {@linkcode WrongBytes} where it is longer than `most` bytes, or ends in the middle.
   */
  async until(end: string, most: number): Promise<string | undefined> {
    let text = "";
    for (;;) {
      const from = Math.max(0, text.length - end.length + 1);
      const piece = await this.some();
      if (piece === undefined) {
        if (text === "") return undefined;
        throw new WrongBytes(400, "the connection ended in the middle of a request");
      }
      text += latin1(piece);
      const at = text.indexOf(end, from);
      if (at > most || (at < 0 && text.length >= most + end.length)) {
        throw new WrongBytes(431, `more than ${most} bytes before the end of a line or of the headers`);
      }
      if (at < 0) continue;
      const rest = text.length - at - end.length;
      this.#kept = piece.subarray(piece.length - rest);
      return text.slice(0, at);
    }
  }

  /** The next `count` bytes in pieces. Rejects where there are fewer. */
  async *exactly(count: number): AsyncGenerator<Uint8Array> {
    let left = count;
    while (left > 0) {
      const piece = await this.some();
      if (piece === undefined) throw new WrongBytes(400, "the connection ended in the middle of a body");
      if (piece.length > left) this.#kept = piece.subarray(left);
      const part = piece.subarray(0, left);
      left -= part.length;
      yield part;
    }
  }
}

/** One character a byte. */
function latin1(bytes: Uint8Array): string {
  let text = "";
  // Arguments of one call are limited.
  for (let at = 0; at < bytes.length; at += 8_192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  }
  return text;
}

export async function writeAll(target: Pick<Deno.Conn, "write">, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await target.write(bytes.subarray(at));
}
