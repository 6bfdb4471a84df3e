/** Writing tar archives: equal entries make equal bytes, as whose hash Coder knows a file again. */
import { type ArchiveEntry, ArchiveError, saneMode, saneTime } from "./entry.ts";

const BLOCK = 512;
const encoder = new TextEncoder();
const TYPES = { file: "0", hardlink: "1", symlink: "2", directory: "5" } as const;

/** An archive that is written while it is sent: contents are passed on as they are, not copied. */
export interface ArchiveStream {
  /** In bytes. */
  readonly size: number;
  /** May be asked for again. */
  chunks(): Iterable<Uint8Array>;
}

/** Packs entries in their order. Throws {@linkcode ArchiveError} for what no archive can carry. */
export function writeTar(entries: Iterable<ArchiveEntry>): ArchiveStream {
  const parts: Uint8Array[] = [];
  for (const entry of entries) {
    if (entry.kind === "other") continue;
    parts.push(...headers(entry, TYPES[entry.kind]));
    if (entry.content.length > 0) parts.push(entry.content, padding(entry.content.length));
  }
  parts.push(new Uint8Array(2 * BLOCK));
  return { size: parts.reduce((sum, { length }) => sum + length, 0), chunks: () => parts };
}

/** A whole archive in one piece. */
export function bytesOf({ size, chunks }: ArchiveStream): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks()) {
    all.set(chunk, offset);
    offset += chunk.length;
  }
  return all;
}

function padding(length: number): Uint8Array {
  return new Uint8Array((BLOCK - length % BLOCK) % BLOCK);
}

function headers(entry: ArchiveEntry, type: string): Uint8Array[] {
  const path = entry.kind === "directory" && !entry.path.endsWith("/") ? `${entry.path}/` : entry.path;
  const { target = "" } = entry;
  if (path === "" || `${path}${target}`.includes("\0")) {
    throw new ArchiveError(`${JSON.stringify(path)} cannot be the path of an entry`);
  }
  const place = split(encoder.encode(path));
  const link = encoder.encode(target);
  const records = [
    ...(place === undefined ? [["path", path] as const] : []),
    ...(link.length > 100 ? [["linkpath", target] as const] : []),
  ];
  const own = header({
    name: place?.name ?? encoder.encode(path).subarray(0, 100),
    prefix: place?.prefix ?? new Uint8Array(),
    link: link.subarray(0, 100),
    type,
    size: entry.content.length,
    mode: saneMode(entry),
    mtime: saneTime(entry.mtime),
  });
  if (records.length === 0) return [own];
  const content = encoder.encode(records.map(([key, value]) => paxRecord(key, value)).join(""));
  const extension = header({
    name: encoder.encode("PaxHeaders/entry"),
    prefix: new Uint8Array(),
    link: new Uint8Array(),
    type: "x",
    size: content.length,
    mode: 0o644,
    mtime: saneTime(0),
  });
  return [extension, content, padding(content.length), own];
}

/** Prefix and name, where a path fits into them: up to 155 bytes, a slash, and 100 more. */
function split(path: Uint8Array): { prefix: Uint8Array; name: Uint8Array } | undefined {
  if (path.length <= 100) return { prefix: new Uint8Array(), name: path };
  // The last byte may be a directory's own slash.
  for (let index = path.length - 101; index < path.length - 1 && index <= 155; index++) {
    if (index > 0 && path[index] === 47) {
      return { prefix: path.subarray(0, index), name: path.subarray(index + 1) };
    }
  }
  return undefined;
}

function header(of: {
  readonly name: Uint8Array;
  readonly prefix: Uint8Array;
  readonly link: Uint8Array;
  readonly type: string;
  readonly size: number;
  readonly mode: number;
  readonly mtime: number;
}): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const put = (offset: number, text: string) => block.set(encoder.encode(text), offset);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;
  block.set(of.name, 0);
  put(100, octal(of.mode, 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(of.size, 11));
  put(136, octal(of.mtime, 11));
  // The checksum counts its own field as blanks.
  put(148, " ".repeat(8));
  put(156, of.type);
  block.set(of.link, 157);
  put(257, "ustar\x0000");
  block.set(of.prefix, 345);
  put(148, `${octal(block.reduce((sum, byte) => sum + byte, 0), 6)} `);
  return block;
}

/** `27 path=a/long/name.tf\n`: the number counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const length = encoder.encode(rest).length;
  let digits = 1;
  while (String(length + digits).length > digits) digits++;
  return `${length + digits}${rest}`;
}
