/** Reading tar archives: ustar, with the extensions of pax and GNU for long names. */

/** A regular file of an archive. */
export interface TarFile {
  readonly path: string;
  readonly content: Uint8Array;
}

/** The bytes are no tar archive, or end in the middle of one. */
export class TarError extends Error {
  override readonly name = "TarError";
}

const BLOCK = 512;
const decoder = new TextDecoder();

/** The files of an archive, in their order. Directories, links and devices are left out. Throws {@linkcode TarError}. */
export function* readTar(bytes: Uint8Array): Generator<TarFile> {
  let longPath: string | undefined;
  for (let offset = 0; offset + BLOCK <= bytes.length;) {
    const header = bytes.subarray(offset, offset + BLOCK);
    if (header.every((byte) => byte === 0)) return;
    checkSum(header, offset);
    const size = sizeOf(header, offset);
    const start = offset + BLOCK;
    if (start + size > bytes.length) throw new TarError(`the archive ends within an entry at byte ${offset}`);
    const content = bytes.subarray(start, start + size);
    offset = start + Math.ceil(size / BLOCK) * BLOCK;
    const type = String.fromCharCode(header[156] ?? 0);
    if (type === "x") longPath = paxPath(content) ?? longPath;
    else if (type === "L") longPath = field(content, 0, content.length);
    // Records for the whole archive hold nothing that is needed here.
    else if (type !== "g") {
      const path = longPath ?? shortPath(header);
      longPath = undefined;
      // Old archives write a directory as a file whose name ends so.
      if ((type === "0" || type === "\0" || type === "7") && !path.endsWith("/")) yield { path, content };
    }
  }
}

function shortPath(header: Uint8Array): string {
  const name = field(header, 0, 100);
  const isUstar = field(header, 257, 5) === "ustar";
  const prefix = isUstar ? field(header, 345, 155) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

function field(bytes: Uint8Array, offset: number, length: number): string {
  const part = bytes.subarray(offset, offset + length);
  const end = part.indexOf(0);
  return decoder.decode(end < 0 ? part : part.subarray(0, end));
}

function sizeOf(header: Uint8Array, offset: number): number {
  // Beyond eight gigabytes sizes are binary; nothing here is that large.
  const text = field(header, 124, 12).trim();
  if (!/^[0-7]{0,11}$/.test(text)) throw new TarError(`an entry at byte ${offset} has no size`);
  return text === "" ? 0 : parseInt(text, 8);
}

/** The sum of all bytes, its own field counted as blanks. */
function checkSum(header: Uint8Array, offset: number): void {
  const wanted = parseInt(field(header, 148, 8).trim(), 8);
  let sum = 0;
  for (const [index, byte] of header.entries()) sum += index >= 148 && index < 156 ? 32 : byte;
  if (sum !== wanted) throw new TarError(`what is at byte ${offset} is no entry of a tar archive`);
}

/** `path` of records such as `27 path=a/long/name.tf\n`, whose number is their length in bytes. */
function paxPath(content: Uint8Array): string | undefined {
  let path: string | undefined;
  for (let offset = 0; offset < content.length;) {
    const blank = content.indexOf(32, offset);
    const length = blank < 0 ? NaN : Number(decoder.decode(content.subarray(offset, blank)));
    if (!(length > 0) || offset + length > content.length) {
      throw new TarError("an entry's pax records are broken");
    }
    const record = decoder.decode(content.subarray(blank + 1, offset + length - 1));
    if (record.startsWith("path=")) path = record.slice("path=".length);
    offset += length;
  }
  return path;
}
