/** Text files put into a live archive, of which everything else stays. */
import { type ArchiveEntry, newFile } from "./entry.ts";
import { cleanPath, type FileProblem, FilesError, parents } from "./paths.ts";
import { sourceFilesOf, type SourceLimits } from "./source_files.ts";

const encoder = new TextEncoder();

/**
 * The archive of which `files` (by clean path) are all text files that are shown: those of `base` that are not listed go,
 * listed ones get their text and keep place and mode, new ones come at the end in the order of their paths. What is not
 * shown (binaries, links, files that are too large, odd paths) stays as it is unless its path is listed.
 *
 * Throws {@linkcode FilesError} where a file would be in the place of a directory that stays, or the other way round.
 */
export function mergeFiles(
  base: Iterable<ArchiveEntry>,
  files: ReadonlyMap<string, string>,
  limits: SourceLimits = {},
): ArchiveEntry[] {
  const entries = lastOfEach(base);
  const shown = sourceFilesOf(entries, limits).files;
  const merged: ArchiveEntry[] = [];
  const left = new Map(files);
  for (const entry of entries) {
    const path = cleanPath(entry.path);
    const text = path === undefined ? undefined : files.get(path);
    if (path === undefined || (text === undefined && !Object.hasOwn(shown, path))) merged.push(entry);
    // A file takes the place of a directory at the end; `checkPlaces` finds out whether anything was left in it.
    else if (text !== undefined && entry.kind !== "directory") {
      left.delete(path);
      merged.push(shown[path] === text && entry.kind === "file" ? entry : replaced(entry, path, text));
    }
  }
  for (const [path, text] of [...left].sort(([a], [b]) => a < b ? -1 : 1)) merged.push(newFile(path, text));
  checkPlaces(merged, files);
  return merged;
}

function replaced({ kind, mode }: ArchiveEntry, path: string, text: string): ArchiveEntry {
  return newFile(path, encoder.encode(text), kind === "file" && mode !== 0 ? mode : 0o644);
}

/** Of entries with one path the later one counts, as for whoever unpacks them. */
function lastOfEach(base: Iterable<ArchiveEntry>): ArchiveEntry[] {
  const entries = new Map<string, ArchiveEntry>();
  for (const entry of base) {
    const path = cleanPath(entry.path) ?? `\0${entry.path}`;
    entries.delete(path);
    entries.set(path, entry);
  }
  return [...entries.values()];
}

function checkPlaces(merged: readonly ArchiveEntry[], files: ReadonlyMap<string, string>): void {
  const blocked = new Set<string>();
  for (const { path, kind } of merged) if (kind !== "directory") blocked.add(cleanPath(path) ?? "");
  const problems: FileProblem[] = [];
  for (const { path: given } of merged) {
    const path = cleanPath(given);
    if (path === undefined) continue;
    for (const parent of parents(path)) {
      if (!blocked.has(parent)) continue;
      // Of the two, name the one that was asked for.
      if (files.has(path)) problems.push({ path, problem: `lies in ${parent}, which is no directory` });
      else if (files.has(parent)) {
        problems.push({ path: parent, problem: `is the directory of ${path}, which stays` });
      }
    }
  }
  if (problems.length > 0) throw new FilesError(problems);
}
