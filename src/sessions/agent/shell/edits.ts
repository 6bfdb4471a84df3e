/**
 * Replacing text, exactly what was meant, and what came of it as a short difference: as `sandbox/python/edits.py` does, for
 * the workspace has nothing that could. Contents are texts whose letters are bytes (`latin1`).
 */
import { Buffer } from "node:buffer";
import { SessionError } from "../../types.ts";
import { shown } from "./errors.ts";

export interface Edit {
  readonly old: string;
  readonly new: string;
  readonly all?: boolean | undefined;
}

/** Beyond, a difference would be longer than anybody reads. */
const MAX_SHOWN_REPLACEMENTS = 500;
const MAX_DIFF = 16_384;
const MAX_LINE = 400;
const CONTEXT = 3;

/** A piece of the content: of the old one, from byte to byte, or a new text. */
type Piece = string | readonly [number, number];

/** One edit after the other. @throws {SessionError} where one cannot be made */
export function edited(
  content: string,
  edits: readonly Edit[],
  path: string,
): { readonly value: string; readonly replacements: number; readonly diff: string } {
  let value = content;
  let replacements = 0;
  let pieces: readonly Piece[] | undefined = [[0, content.length]];
  for (const [at, edit] of edits.entries()) {
    const where = `edit ${at + 1} of ${shown(path)}`;
    const [old, new_] = [bytesOf(edit.old, where), bytesOf(edit.new, where)];
    const places = placesOf(value, old);
    if (places.length === 0) {
      throw new SessionError("invalid", `${where}: old is not there${why(value, old)}; nothing was changed`);
    }
    if (places.length > 1 && edit.all !== true) {
      throw new SessionError(
        "invalid",
        `${where}: old is there ${places.length} times (lines ${
          linesOf(value, places)
        }); make it longer, so that it is ` +
          "there once, or set all; nothing was changed",
      );
    }
    replacements += places.length;
    pieces = pieces === undefined || replacements > MAX_SHOWN_REPLACEMENTS
      ? undefined
      : spliced(pieces, places, old.length, new_);
    value = value.split(old).join(new_);
  }
  return {
    value,
    replacements,
    diff: pieces === undefined
      ? `(${replacements} replacements: too many to show)\n`
      : diffOf(content, changesOf(pieces, content.length)),
  };
}

function bytesOf(text: string, where: string): string {
  if (text.isWellFormed()) return Buffer.from(text).toString("latin1");
  throw new SessionError("invalid", `${where}: it is no valid Unicode, half of a surrogate pair is in it`);
}

function placesOf(value: string, old: string): number[] {
  const places: number[] = [];
  for (let at = value.indexOf(old); at >= 0; at = value.indexOf(old, at + old.length)) places.push(at);
  return places;
}

/** The usual reasons, where one of them is it. */
function why(content: string, old: string): string {
  if (content.includes("\r\n") && old.includes("\n") && content.includes(old.replace(/\r?\n/g, "\r\n"))) {
    return " (the file's lines end with \\r\\n, those of old with \\n)";
  }
  const words = wordsOf(old);
  if (
    words.length > 0 && content.includes(words[0]!) && wordsOf(content).join(" ").includes(words.join(" "))
  ) {
    return " (it is, with other spaces or line ends: read the file again)";
  }
  return "";
}

// deno-lint-ignore no-control-regex -- what Python splits bytes at
const SPACES = /[ \t\n\r\x0b\f]+/;

function wordsOf(text: string): readonly string[] {
  return text.split(SPACES).filter((word) => word !== "");
}

function linesOf(content: string, places: readonly number[]): string {
  const found: number[] = [];
  let line = 1;
  let counted = 0;
  for (const at of places.slice(0, 10)) {
    line += count(content, counted, at);
    counted = at;
    found.push(line);
  }
  return found.join(", ") + (places.length > 10 ? ", …" : "");
}

function count(content: string, start: number, end: number): number {
  let lines = 0;
  for (let at = content.indexOf("\n", start); at >= 0 && at < end; at = content.indexOf("\n", at + 1)) {
    lines++;
  }
  return lines;
}

function lengthOf(piece: Piece): number {
  return typeof piece === "string" ? piece.length : piece[1] - piece[0];
}

function cut(piece: Piece, start: number, end: number): Piece {
  return typeof piece === "string" ? piece.slice(start, end) : [piece[0] + start, piece[0] + end];
}

/** The pieces after `length` bytes at each place were replaced. */
function spliced(
  pieces: readonly Piece[],
  places: readonly number[],
  length: number,
  replacement: string,
): readonly Piece[] {
  const result: Piece[] = [];
  let position = 0;
  let next = 0;
  for (const piece of pieces) {
    const end = position + lengthOf(piece);
    for (let at = position; at < end;) {
      const start = places[next];
      if (start === undefined || start >= end) {
        result.push(cut(piece, at - position, end - position));
        break;
      }
      if (start > at) result.push(cut(piece, at - position, start - position));
      if (start >= position) result.push(replacement);
      // What is replaced may go on in the pieces that follow.
      at = Math.min(start + length, end);
      if (start + length <= end) next++;
    }
    position = end;
  }
  return result.filter((piece) => lengthOf(piece) > 0);
}

interface Change {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Each place of the old content that changed, in order. */
function changesOf(pieces: readonly Piece[], size: number): readonly Change[] {
  const changes: Change[] = [];
  let at = 0;
  let text = "";
  for (const piece of [...pieces, [size, size] as const]) {
    if (typeof piece === "string") {
      text += piece;
      continue;
    }
    if (piece[0] > at || text !== "") changes.push({ start: at, end: piece[0], text });
    at = piece[1];
    text = "";
  }
  return changes;
}

interface Hunk {
  readonly before: number;
  after: number;
  readonly blocks: (Change & { readonly first: number; readonly last: number })[];
}

/** What changed, as `diff -u` shows it without its head; cut where it is long. */
function diffOf(old: string, changes: readonly Change[]): string {
  const lines: string[] = [];
  let size = 0;
  let line = 1;
  let counted = 0;
  let shift = 0;
  for (const hunk of hunksOf(old, changes)) {
    line += count(old, counted, hunk.before);
    counted = hunk.before;
    const { body, removed, added } = bodyOf(hunk, old);
    for (const one of [`@@ -${range(line, removed)} +${range(line + shift, added)} @@`, ...body]) {
      size += [...one].length + 1;
      if (size > MAX_DIFF) return [...lines, "(cut: it goes on)", ""].join("\n");
      lines.push(one);
    }
    shift += added - removed;
  }
  return lines.map((one) => `${one}\n`).join("");
}

/** Changes in whole lines, with lines around them; those whose surroundings touch are one. */
function hunksOf(old: string, changes: readonly Change[]): readonly Hunk[] {
  const hunks: Hunk[] = [];
  for (const change of changes) {
    const { start, end, text } = change;
    const first = start === 0 ? 0 : old.lastIndexOf("\n", start - 1) + 1;
    let last = old.indexOf("\n", end > start ? Math.max(start, end - 1) : end);
    // Where its last line lost its end, the next line belongs to it.
    if (end > start && last === end - 1 && !text.endsWith("\n")) last = old.indexOf("\n", end);
    last = last < 0 ? old.length : last + 1;
    const before = up(old, first);
    const after = down(old, last);
    const open = hunks.at(-1);
    if (open !== undefined && before <= open.after) {
      open.blocks.push({ ...change, first, last });
      open.after = Math.max(after, open.after);
    } else hunks.push({ before, after, blocks: [{ ...change, first, last }] });
  }
  return hunks;
}

function range(line: number, lines: number): string {
  return lines === 1 ? String(line) : `${lines === 0 ? line - 1 : line},${lines}`;
}

function bodyOf(hunk: Hunk, old: string): { body: readonly string[]; removed: number; added: number } {
  const blocks: { first: number; last: number; text: string; end: number }[] = [];
  for (const { first, last, start, end, text } of hunk.blocks) {
    const block = blocks.at(-1);
    if (block !== undefined && first < block.last) {
      block.last = Math.max(block.last, last);
      block.text += old.slice(block.end, start) + text;
      block.end = end;
    } else blocks.push({ first, last, text: old.slice(first, start) + text, end });
  }
  const body: string[] = [];
  let [removed, added, at] = [0, 0, hunk.before];
  for (const { first, last, text, end } of blocks) {
    const kept = split(old.slice(at, first));
    const gone = split(old.slice(first, last));
    const came = split(text + old.slice(end, last));
    for (const [sign, lines] of [[" ", kept], ["-", gone], ["+", came]] as const) {
      for (const line of lines) body.push(sign + line);
    }
    removed += kept.length + gone.length;
    added += kept.length + came.length;
    at = last;
  }
  const kept = split(old.slice(at, hunk.after));
  for (const line of kept) body.push(` ${line}`);
  return { body, removed: removed + kept.length, added: added + kept.length };
}

function split(text: string): readonly string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => {
    const letters = [...Buffer.from(line.replace(/\r+$/, ""), "latin1").toString("utf8")];
    return letters.length <= MAX_LINE ? letters.join("") : `${letters.slice(0, MAX_LINE).join("")}…`;
  });
}

function up(old: string, from: number): number {
  let at = from;
  for (let line = 0; line < CONTEXT && at > 0; line++) at = at === 1 ? 0 : old.lastIndexOf("\n", at - 2) + 1;
  return at;
}

function down(old: string, from: number): number {
  let at = from;
  for (let line = 0; line < CONTEXT; line++) {
    const end = old.indexOf("\n", at);
    if (end < 0) return old.length;
    at = end + 1;
  }
  return at;
}
