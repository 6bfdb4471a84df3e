/** The source of a template's version as text files. */
import { readTar, TarError } from "./tar.ts";

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

/** Paths that are named as omitted. */
const MOST_OMITTED = 100;

/** Reads an archive. What cannot be shown is left out, and hides nothing else. Throws {@linkcode TarError}. */
export function readSourceFiles(archive: Uint8Array, limits: SourceLimits = {}): SourceFiles {
  const { files: most = 2_000, fileBytes = 2 << 20, totalBytes = 40 << 20 } = limits;
  const texts = new Map<string, string>();
  const omitted = new Set<string>();
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let total = 0;
  for (const { path: given, content } of readTar(archive)) {
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

/** `./a//b/../c` → `a/c`. Undefined for what is absolute, leaves the archive, or cannot be a path. */
export function cleanPath(path: string): string | undefined {
  if (path.includes("\\") || path.startsWith("/") || path.includes("\0")) return undefined;
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.length === 0 || parts.includes("__proto__") ? undefined : parts.join("/");
}

function decoded(decoder: TextDecoder, content: Uint8Array): string | undefined {
  try {
    return decoder.decode(content);
  } catch {
    return undefined;
  }
}

export { TarError };
