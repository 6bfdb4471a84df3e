/** Reading tar archives: ustar, with the extensions of pax and GNU for long names. */
import { type ArchiveEntry, ArchiveError, type ArchiveLimits, DEFAULT_LIMITS } from "./entry.ts";

const BLOCK = 512;
const decoder = new TextDecoder();
const NOTHING = new Uint8Array();

const KINDS: Readonly<Record<string, ArchiveEntry["kind"]>> = {
  "0": "file",
  "\0": "file",
  "7": "file",
  "1": "hardlink",
  "2": "symlink",
  "5": "directory",
};

/** What records in front of an entry say of it. */
interface Extension {
  path?: string | undefined;
  linkpath?: string | undefined;
  mtime?: number | undefined;
}

/**
 * The entries of an archive, in their order, without copying their contents. Throws {@linkcode ArchiveError} where the
 * bytes are no tar archive, or end in the middle of one.
 */
export function* readTar(bytes: Uint8Array, limits: ArchiveLimits = {}): Generator<ArchiveEntry> {
  const { entries: most } = { ...DEFAULT_LIMITS, ...limits };
  let extension: Extension = {};
  let entries = 0;
  for (let offset = 0; offset + BLOCK <= bytes.length;) {
    const header = bytes.subarray(offset, offset + BLOCK);
    if (header.every((byte) => byte === 0)) return;
    checkSum(header, offset);
    const size = sizeOf(header, offset);
    const start = offset + BLOCK;
    if (start + size > bytes.length) {
      throw new ArchiveError(`the archive ends within an entry at byte ${offset}`);
    }
    const content = bytes.subarray(start, start + size);
    offset = start + Math.ceil(size / BLOCK) * BLOCK;
    const type = String.fromCharCode(header[156] ?? 0);
    if (type === "x") extension = { ...extension, ...paxRecords(content) };
    else if (type === "L") extension.path = field(content, 0, content.length);
    else if (type === "K") extension.linkpath = field(content, 0, content.length);
    // Records for the whole archive hold nothing that is needed here.
    else if (type !== "g") {
      if (++entries > most) throw new ArchiveError(`the archive has more than ${most} entries`);
      yield entryOf(header, type, extension, content);
      extension = {};
    }
  }
}

function entryOf(
  header: Uint8Array,
  type: string,
  extension: Extension,
  content: Uint8Array,
): ArchiveEntry {
  const path = extension.path ?? shortPath(header);
  const given = KINDS[type] ?? "other";
  // Old archives write a directory as a file whose name ends so.
  const kind = given === "file" && path.endsWith("/") ? "directory" : given;
  const isLink = kind === "symlink" || kind === "hardlink";
  return {
    path,
    kind,
    mode: octal(field(header, 100, 8)) & 0o7777,
    mtime: extension.mtime ?? octal(field(header, 136, 12)),
    content: kind === "file" ? content : NOTHING,
    ...(isLink ? { target: extension.linkpath ?? field(header, 157, 100) } : {}),
  };
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

/** Modes and dates are worth no refusal. */
function octal(text: string): number {
  const trimmed = text.trim();
  return /^[0-7]+$/.test(trimmed) ? parseInt(trimmed, 8) : 0;
}

function sizeOf(header: Uint8Array, offset: number): number {
  // Beyond eight gigabytes sizes are binary; nothing here is that large.
  const text = field(header, 124, 12).trim();
  if (!/^[0-7]{0,11}$/.test(text)) throw new ArchiveError(`an entry at byte ${offset} has no size`);
  return text === "" ? 0 : parseInt(text, 8);
}

/** The sum of all bytes, its own field counted as blanks. */
function checkSum(header: Uint8Array, offset: number): void {
  const wanted = parseInt(field(header, 148, 8).trim(), 8);
  let sum = 0;
  for (let index = 0; index < BLOCK; index++) sum += index >= 148 && index < 156 ? 32 : header[index] ?? 0;
  if (sum !== wanted) throw new ArchiveError(`what is at byte ${offset} is no entry of a tar archive`);
}

/** Records such as `27 path=a/long/name.tf\n`, whose number is their length in bytes. */
function paxRecords(content: Uint8Array): Extension {
  const found: Extension = {};
  for (let offset = 0; offset < content.length;) {
    const blank = content.indexOf(32, offset);
    const length = blank < 0 ? NaN : Number(decoder.decode(content.subarray(offset, blank)));
    if (!(length > 0) || offset + length > content.length) {
      throw new ArchiveError("an entry's pax records are broken");
    }
    const record = decoder.decode(content.subarray(blank + 1, offset + length - 1));
    if (record.startsWith("path=")) found.path = record.slice("path=".length);
    if (record.startsWith("linkpath=")) found.linkpath = record.slice("linkpath=".length);
    const mtime = Number(/^mtime=(\d+(?:\.\d+)?)$/.exec(record)?.[1]);
    if (Number.isFinite(mtime)) found.mtime = mtime;
    offset += length;
  }
  return found;
}
