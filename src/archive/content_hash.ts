/** Knowing content again, whatever archive it comes in. */
import { createHash } from "node:crypto";
import type { ArchiveEntry } from "./entry.ts";
import { cleanPath } from "./paths.ts";

/**
 * `sha256:<hex>` of what the entries are: paths, contents, links, and which files may be executed. Order, dates, other
 * bits of the mode, entries of directories and the format of the archive do not matter.
 */
export function contentHash(entries: Iterable<ArchiveEntry>): string {
  const lines = new Map<string, string>();
  for (const { path: given, kind, mode, content, target = "" } of entries) {
    if (kind === "directory" || kind === "other") continue;
    // Odd ones are kept as they are, so they count as they are.
    const path = cleanPath(given) ?? given;
    const what = kind === "file" ? ((mode & 0o111) === 0 ? "text" : "program") : kind;
    lines.set(path, `${what} ${kind === "file" ? sha256(content) : sha256(target)}`);
  }
  return hashOfLines(lines);
}

/** As {@linkcode contentHash}, of text files alone, of which nothing but path and text is known. */
export function textHash(
  files: Iterable<readonly [string, string]> | Readonly<Record<string, string>>,
): string {
  const pairs = Symbol.iterator in files ? files : Object.entries(files);
  return hashOfLines(new Map([...pairs].map(([path, text]) => [path, sha256(text)])));
}

function hashOfLines(lines: ReadonlyMap<string, string>): string {
  const hash = createHash("sha256");
  for (const [path, line] of [...lines].sort(([a], [b]) => a < b ? -1 : 1)) {
    // Lengths are unambiguous where paths have line breaks.
    hash.update(`${path.length} ${path} ${line}\n`);
  }
  return `sha256:${hash.digest("hex")}`;
}

function sha256(content: Uint8Array | string): string {
  return createHash("sha256").update(content).digest("hex");
}
