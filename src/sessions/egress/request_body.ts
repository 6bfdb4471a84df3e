/** Bodies of requests, passed on in a form of our own: the other side reads exactly what was read here. */
import { type ByteReader, WrongBytes } from "./byte_reader.ts";
import type { RequestHead } from "./request_head.ts";

const MAX_CHUNK_LINE = 1_024;
const MAX_TRAILER_BYTES = 8_192;
const CRLF = new Uint8Array([13, 10]);
const text = new TextEncoder();

/** The bytes to send for it. Trailers and extensions of chunks are dropped. Rejects with {@linkcode WrongBytes}. */
export async function* requestBody(
  reader: ByteReader,
  body: RequestHead["body"],
): AsyncGenerator<Uint8Array> {
  if (body !== "chunked") return yield* reader.exactly(body);
  for (;;) {
    const size = await chunkSize(reader);
    if (size === 0) break;
    yield text.encode(`${size.toString(16)}\r\n`);
    yield* reader.exactly(size);
    if (await reader.until("\r\n", 0) === undefined) throw cut();
    yield CRLF;
  }
  for (let left = MAX_TRAILER_BYTES;;) {
    const line = await reader.until("\r\n", left);
    if (line === undefined) throw cut();
    if (line === "") break;
    left -= line.length;
  }
  yield text.encode("0\r\n\r\n");
}

async function chunkSize(reader: ByteReader): Promise<number> {
  const line = await reader.until("\r\n", MAX_CHUNK_LINE);
  if (line === undefined) throw cut();
  const [, digits] = /^([0-9a-fA-F]{1,8})[ \t]*(?:;[\t\x20-\x7e]*)?$/.exec(line) ?? [];
  if (digits === undefined) throw new WrongBytes(400, "the size of a chunk cannot be read");
  return Number.parseInt(digits, 16);
}

function cut(): WrongBytes {
  return new WrongBytes(400, "the connection ended in the middle of a body");
}
