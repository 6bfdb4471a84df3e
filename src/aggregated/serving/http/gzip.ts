/** Large bodies, compressed once however often they are sent. */
import { setImmediate } from "node:timers/promises";

/** Smaller bodies are not worth the time, in bytes. */
export const GZIP_FROM = 128 * 1024;
/** So much is compressed at a time; other requests get their turn in between. */
const PIECE = 256 * 1024;

const known = new WeakMap<Uint8Array, Promise<Uint8Array<ArrayBuffer>>>();

/** Whether a client takes gzip, by its `Accept-Encoding`. */
export function acceptsGzip(header: string | string[] | undefined): boolean {
  if (header === undefined) return false;
  return String(header).split(",").some((part) => {
    const [coding = "", ...parameters] = part.split(";").map((piece) => piece.trim().toLowerCase());
    return (coding === "gzip" || coding === "*") && !parameters.some((piece) => /^q=0(\.0*)?$/.test(piece));
  });
}

/** The bytes as gzip; the same promise for the same array, as long as that is in use. */
export function gzipped(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  let result = known.get(bytes);
  if (result === undefined) known.set(bytes, result = compress(bytes));
  return result;
}

async function compress(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new CompressionStream("gzip");
  const whole = new Response(stream.readable).bytes();
  const writer = stream.writable.getWriter();
  for (let start = 0; start < bytes.byteLength; start += PIECE) {
    await writer.write(bytes.subarray(start, start + PIECE) as Uint8Array<ArrayBuffer>);
    // Streams alone would give way to nothing but other streams.
    if (bytes.byteLength > PIECE) await setImmediate();
  }
  await writer.close();
  return await whole;
}
