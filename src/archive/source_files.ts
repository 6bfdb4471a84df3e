/** The source of a template's version as text files. */
import type { ArchiveEntry } from "./entry.ts";
import { cleanPath } from "./paths.ts";
import { readTar } from "./tar_read.ts";

export interface SourceFiles {
  /** Path to text, sorted by path. */
  readonly files: Readonly<Record<string, string>>;
  /** Paths of what cannot be shown: no text, too large, too many, odd paths. */
  readonly omitted: readonly string[];
}

export interface SourceLimits {
  /** @default {2_000} */
  readonly files?: number;
  /** Of one file, in bytes. @default {2_097_152} */
  readonly fileBytes?: number;
  /** Of all together. @default {41_943_040} */
  readonly totalBytes?: number;
}

export const SOURCE_LIMITS: Required<SourceLimits> = {
  files: 2_000,
  fileBytes: 2 << 20,
  totalBytes: 40 << 20,
};

/** Paths that are named as omitted. */
const MOST_OMITTED = 100;

/** Reads a tar archive. What cannot be shown is left out, and hides nothing else. Throws `ArchiveError`. */
export function readSourceFiles(archive: Uint8Array, limits: SourceLimits = {}): SourceFiles {
  return sourceFilesOf(readTar(archive), limits);
}

/** As {@linkcode readSourceFiles}, of what was read. */
export function sourceFilesOf(entries: Iterable<ArchiveEntry>, limits: SourceLimits = {}): SourceFiles {
  const { files: most, fileBytes, totalBytes } = { ...SOURCE_LIMITS, ...limits };
  const texts = new Map<string, string>();
  const omitted = new Set<string>();
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let total = 0;
  for (const { path: given, kind, content } of entries) {
    if (kind !== "file") continue;
    const path = cleanPath(given);
    const fits = content.length <= fileBytes && total + content.length <= totalBytes &&
      (texts.size < most || texts.has(path ?? ""));
    const text = path === undefined || !fits ? undefined : decoded(decoder, content);
    if (path === undefined || text === undefined) {
      if (omitted.size < MOST_OMITTED) omitted.add(path ?? given.toWellFormed().slice(0, 256));
      continue;
    }
    total += content.length;
    // Of two entries with one path the later one counts, as for whoever unpacks it.
    texts.set(path, text);
    omitted.delete(path);
  }
  return {
    files: Object.fromEntries([...texts].sort(([a], [b]) => a < b ? -1 : 1)),
    omitted: [...omitted].sort(),
  };
}

function decoded(decoder: TextDecoder, content: Uint8Array): string | undefined {
  try {
    return decoder.decode(content);
  } catch {
    return undefined;
  }
}
