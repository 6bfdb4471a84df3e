/** Archives of either format. */
import type { ArchiveEntry, ArchiveLimits } from "./entry.ts";
import { readTar } from "./tar_read.ts";
import { readZip } from "./zip_read.ts";

/** True for what begins as zip archives do, an empty one included. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b &&
    ((bytes[2] === 3 && bytes[3] === 4) || (bytes[2] === 5 && bytes[3] === 6));
}

/** The entries of a tar or zip archive, in their order. Throws `ArchiveError`. */
export async function readArchive(bytes: Uint8Array, limits: ArchiveLimits = {}): Promise<ArchiveEntry[]> {
  return isZip(bytes) ? await readZip(bytes, limits) : [...readTar(bytes, limits)];
}
