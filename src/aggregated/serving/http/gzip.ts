/** Large bodies, compressed once however often they are sent. */
import { Buffer } from "node:buffer";
import { setImmediate } from "node:timers/promises";
import { createGzip, gzipSync } from "node:zlib";

/** Smaller bodies are not worth the time, in bytes. */
export const GZIP_FROM = 128 * 1024;
/** So much is compressed in one go, which takes a few milliseconds. */
const AT_ONCE = 2 * 1024 * 1024;
/** A third of the time of the usual level, for hardly more bytes. */
const LEVEL = 2;
/** Of more, so much is compressed at a time; other requests get their turn in between. */
const PIECE = 256 * 1024;

const known = new WeakMap<Uint8Array, Promise<Uint8Array>>();

/** Whether a client takes gzip, by its `Accept-Encoding`. */
export function acceptsGzip(header: string | string[] | undefined): boolean {
  if (header === undefined) return false;
  return String(header).split(",").some((part) => {
    const [coding = "", ...parameters] = part.split(";").map((piece) => piece.trim().toLowerCase());
    return (coding === "gzip" || coding === "*") && !parameters.some((piece) => /^q=0(\.0*)?$/.test(piece));
  });
}

/** The bytes as gzip; the same promise for the same array, as long as that is in use. */
export function gzipped(bytes: Uint8Array): Promise<Uint8Array> {
  let result = known.get(bytes);
  if (result === undefined) known.set(bytes, result = compress(bytes));
  return result;
}

async function compress(bytes: Uint8Array): Promise<Uint8Array> {
  if (bytes.byteLength <= AT_ONCE) return gzipSync(bytes, { level: LEVEL });
  const gzip = createGzip({ level: LEVEL, chunkSize: PIECE });
  const pieces: Uint8Array[] = [];
  const ended = new Promise<void>((resolve, reject) => {
    gzip.on("data", (piece: Uint8Array) => void pieces.push(piece));
    gzip.once("end", resolve).once("error", reject);
  });
  for (let start = 0; start < bytes.byteLength; start += PIECE) {
    const piece = bytes.subarray(start, start + PIECE);
    await Promise.race([ended, new Promise<void>((resolve) => gzip.write(piece, () => resolve()))]);
    await setImmediate();
  }
  gzip.end();
  await ended;
  return Buffer.concat(pieces);
}
