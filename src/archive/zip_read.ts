/** Reading zip archives; what they hold is inflated piece by piece, and no further than allowed. */
import type { FileEntry } from "@zip.js/zip.js";
import { type ArchiveEntry, ArchiveError, type ArchiveLimits, DEFAULT_LIMITS } from "./entry.ts";
import { zipLibrary } from "./zip_library.ts";

const NOTHING = new Uint8Array();
/** A link's target, in bytes. */
const LONGEST_TARGET = 4_096;

/**
 * The entries of an archive, in the order of its directory. Throws {@linkcode ArchiveError} for what is no zip archive, is
 * encrypted or broken, or would unpack to more than `limits`, whatever sizes it claims.
 */
export async function readZip(bytes: Uint8Array, limits: ArchiveLimits = {}): Promise<ArchiveEntry[]> {
  const { entries: most, totalBytes } = { ...DEFAULT_LIMITS, ...limits };
  const entries: ArchiveEntry[] = [];
  const room = { left: totalBytes, of: totalBytes };
  const { Uint8ArrayReader, ZipReader } = await zipLibrary();
  let path: string | undefined;
  try {
    for await (const entry of new ZipReader(new Uint8ArrayReader(bytes)).getEntriesGenerator()) {
      path = entry.filename;
      if (entries.length >= most) throw new ArchiveError(`the archive has more than ${most} entries`);
      if (entry.encrypted) throw new ArchiveError(`${JSON.stringify(path)} is encrypted`);
      entries.push(entry.directory ? entryOf(entry, "directory") : await fileOf(entry, room));
    }
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    const where = path === undefined ? "" : ` at ${JSON.stringify(path.slice(0, 200))}`;
    throw new ArchiveError(`this is no zip archive that can be read${where}: ${wordsOf(error)}`);
  }
  return entries;
}

type Facts = Pick<FileEntry, "filename" | "unixMode" | "lastModDate">;

function entryOf(
  { filename, unixMode = 0, lastModDate }: Facts,
  kind: ArchiveEntry["kind"],
  content: Uint8Array = NOTHING,
): ArchiveEntry {
  // The fields of a DOS date are the writer's local time, of which nobody knows where that was.
  const mtime = Math.floor((lastModDate?.getTime() ?? 0) / 1_000);
  const target = kind === "symlink" ? { target: new TextDecoder().decode(content) } : {};
  return {
    path: filename,
    kind,
    mode: unixMode & 0o7777,
    mtime: Number.isFinite(mtime) ? mtime : 0,
    content: kind === "file" ? content : NOTHING,
    ...target,
  };
}

async function fileOf(entry: FileEntry, room: { left: number; readonly of: number }): Promise<ArchiveEntry> {
  const kind = (entry.unixMode ?? 0) >> 12;
  const isLink = kind === 0o12;
  if (kind !== 0 && kind !== 0o10 && !isLink) return entryOf(entry, "other");
  const chunks: Uint8Array[] = [];
  let size = 0;
  const refuse = () => {
    throw new ArchiveError(`the archive unpacks to more than ${room.of} bytes`);
  };
  const most = isLink ? Math.min(LONGEST_TARGET, room.left) : room.left;
  // What it claims is refused at once, what it has when it comes.
  if (entry.uncompressedSize > most) refuse();
  await entry.getData(
    new WritableStream<Uint8Array>({
      write(chunk) {
        size += chunk.length;
        if (size > most) refuse();
        chunks.push(chunk);
      },
    }),
    { useWebWorkers: false, checkSignature: true },
  );
  room.left -= size;
  return entryOf(entry, isLink ? "symlink" : "file", joined(chunks, size));
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  if (chunks.length === 1) return chunks[0] ?? NOTHING;
  const all = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    all.set(chunk, offset);
    offset += chunk.length;
  }
  return all;
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
