/** Files of two versions, compared: which differ, and how, as unified diffs. */
import { structuredPatch } from "diff";

/** The files of one version: text by path, and paths of what is no text or too large, with a mark of the content. */
export interface FileSet {
  readonly files: Readonly<Record<string, string>>;
  /** Equal marks: equal content. An empty one equals none. */
  readonly opaque?: Readonly<Record<string, string>>;
}

/** One file that differs. */
export interface FileDifference {
  readonly path: string;
  readonly change: "added" | "removed" | "changed";
  /** No text, or too large to be shown: nothing is said of its lines. */
  readonly opaque?: boolean;
  /** Lines that are new, and that are gone. */
  readonly added?: number;
  readonly removed?: number;
  /** Hunks with three lines around each difference. Absent where the two have too little in common. */
  readonly diff?: string;
}

/** So many lines that differ are looked for; what differs more is told as written anew. */
const MOST_EDITS = 2_000;

/** What differs, sorted by path. The same two give the same. */
export function fileDifferences(before: FileSet, after: FileSet): FileDifference[] {
  const paths = new Set([before, after].flatMap(({ files, opaque = {} }) => [
    ...Object.keys(files),
    ...Object.keys(opaque),
  ]));
  return [...paths].sort().flatMap((path) => differenceOf(path, before, after) ?? []);
}

function differenceOf(path: string, before: FileSet, after: FileSet): FileDifference | undefined {
  const [old, fresh] = [contentOf(before, path), contentOf(after, path)];
  if (isSame(old, fresh)) return undefined;
  const change = old === undefined ? "added" : fresh === undefined ? "removed" : "changed";
  if (typeof old === "object" || typeof fresh === "object") return { path, change, opaque: true };
  return { path, change, ...linesOf(old ?? "", fresh ?? "") };
}

interface Mark {
  readonly mark: string;
}

function contentOf({ files, opaque = {} }: FileSet, path: string): string | Mark | undefined {
  if (Object.hasOwn(files, path)) return files[path];
  return Object.hasOwn(opaque, path) ? { mark: opaque[path] ?? "" } : undefined;
}

function isSame(old: string | Mark | undefined, fresh: string | Mark | undefined): boolean {
  if (typeof old !== "object" || typeof fresh !== "object") return old === fresh;
  return old.mark !== "" && old.mark === fresh.mark;
}

function linesOf(old: string, fresh: string): Pick<FileDifference, "added" | "removed" | "diff"> {
  const patch = structuredPatch("", "", old, fresh, undefined, undefined, {
    context: 3,
    maxEditLength: MOST_EDITS,
  });
  if (patch === undefined) return { added: countLines(fresh), removed: countLines(old) };
  const lines = patch.hunks.flatMap(({ lines }) => lines);
  const count = (mark: string) => lines.filter((line) => line.startsWith(mark)).length;
  const text = patch.hunks.flatMap(({ oldStart, oldLines, newStart, newLines, lines }) => [
    `@@ -${rangeOf(oldStart, oldLines)} +${rangeOf(newStart, newLines)} @@`,
    ...lines,
  ]);
  return { added: count("+"), removed: count("-"), diff: text.join("\n") };
}

/** An empty range is named by the line before it. */
function rangeOf(start: number, lines: number): string {
  return `${lines === 0 ? start - 1 : start},${lines}`;
}

function countLines(text: string): number {
  return text === "" ? 0 : text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
}

/** One line: `main.tf (changed, +3 -1)`. */
export function differenceText({ path, change, opaque, added = 0, removed = 0 }: FileDifference): string {
  return `${path} (${change}${opaque === true ? ", no text" : `, +${added} -${removed}`})`;
}

/**
 * All of it as one text, for plans.
 *
 * @param maxLines of all together; what does not fit is told by its names alone
 */
export function differencesText(differences: readonly FileDifference[], maxLines: number): string {
  const lines: string[] = [];
  for (const difference of differences) {
    const diff = difference.diff?.split("\n") ?? [];
    const room = maxLines - lines.length - 1;
    lines.push(differenceText(difference));
    if (diff.length <= room) lines.push(...diff);
    else if (room > 1) lines.push(...diff.slice(0, room - 1), `@@ ${diff.length - room + 1} more lines @@`);
  }
  return lines.join("\n");
}
