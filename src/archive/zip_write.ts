/** Writing zip archives: equal entries make equal bytes. */
import { type ArchiveEntry, ArchiveError, saneMode } from "./entry.ts";
import { zipLibrary } from "./zip_library.ts";

/** A date has no time zone in a zip archive: what is told here is what is written. */
const FIRST_DATE = () => new Date(1980, 0, 1);
const TYPE = { file: 0o100000, directory: 0o040000, symlink: 0o120000 } as const;

/** Packs entries in their order, dated 1980-01-01. Throws {@linkcode ArchiveError} for hard links, which zip does not have. */
export async function writeZip(entries: Iterable<ArchiveEntry>): Promise<Uint8Array> {
  const { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } = await zipLibrary();
  const zip = new ZipWriter(new Uint8ArrayWriter(), {
    useWebWorkers: false,
    extendedTimestamp: false,
    dataDescriptor: false,
    keepOrder: true,
    lastModDate: FIRST_DATE(),
    msDosCompatible: false,
  });
  for (const entry of entries) {
    const { kind, path, target = "" } = entry;
    if (kind === "other") continue;
    if (kind === "hardlink") {
      throw new ArchiveError(`${JSON.stringify(path)} is a hard link, which a zip archive cannot have`);
    }
    const content = kind === "symlink" ? new TextEncoder().encode(target) : entry.content;
    const name = kind === "directory" && !path.endsWith("/") ? `${path}/` : path;
    await zip.add(name, kind === "directory" ? undefined : new Uint8ArrayReader(content), {
      directory: kind === "directory",
      unixMode: TYPE[kind] | (kind === "symlink" ? 0o777 : saneMode(entry)),
    });
  }
  return await zip.close();
}
