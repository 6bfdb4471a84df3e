/** Directories for files: Coder's provisioners make none by themselves, and fail at the first file in one. */
import { type ArchiveEntry, FIRST_DAY } from "./entry.ts";
import { cleanPath, parents } from "./paths.ts";

/** The entries, and in front of the first one in it, each directory that is missing or comes too late. */
export function withDirectories(entries: Iterable<ArchiveEntry>): ArchiveEntry[] {
  const all: ArchiveEntry[] = [];
  const made = new Set<string>();
  for (const entry of entries) {
    const path = cleanPath(entry.path);
    if (path === undefined) {
      all.push(entry);
      continue;
    }
    for (const directory of [...parents(path)].reverse()) {
      if (made.has(directory)) continue;
      made.add(directory);
      all.push({
        path: `${directory}/`,
        kind: "directory",
        mode: 0o755,
        mtime: FIRST_DAY,
        content: new Uint8Array(),
      });
    }
    if (entry.kind !== "directory") all.push(entry);
    else if (!made.has(path)) {
      made.add(path);
      all.push(entry);
    }
  }
  return all;
}
