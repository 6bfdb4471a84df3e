/** The lines of a log that are worth reading: chosen, folded, and cut so that the newest stay. */
import { foldLines } from "./fold.ts";
import { lineFilter } from "./grep.ts";

export interface LineSelection {
  /** So many of the newest, of those that `grep` leaves. @default all */
  readonly tail?: number | undefined;
  /** As {@linkcode lineFilter} has it. @default everything */
  readonly grep?: string | undefined;
  /** @default {false} the oldest first, as logs are written */
  readonly newestFirst?: boolean | undefined;
  /** Lines that say the same one after the other are one line with `(×37)`. @default {true} */
  readonly fold?: boolean | undefined;
  /** Of the text, in UTF-8. @default {65_536} */
  readonly maxBytes?: number | undefined;
}

export interface SelectedLines {
  /** Whole lines without an end of line after the last; only a line that is too long by itself is cut, with `…`. */
  readonly text: string;
  /** Older lines, or a part of a line, do not fit into `maxBytes`. Those that `tail` leaves out do not count. */
  readonly isCut: boolean;
  /** Lines that `grep` leaves, before `tail` and folding. */
  readonly matched: number;
}

const MOST_BYTES = 64 * 1_024;

/** Chooses lines. Takes time in proportion to the text, whatever it is. */
export function selectLines(text: string, selection: LineSelection = {}): SelectedLines {
  const { tail, grep, newestFirst = false, fold = true, maxBytes = MOST_BYTES } = selection;
  const matches = lineFilter(grep);
  const matching = cleanLines(text).filter(matches);
  const newest = tail === undefined
    ? matching
    : matching.slice(Math.max(0, matching.length - Math.max(0, tail)));
  const kept = newestThatFit(fold ? foldLines(newest) : newest, maxBytes);
  if (newestFirst) kept.lines.reverse();
  return { text: kept.lines.join("\n"), isCut: kept.isCut, matched: matching.length };
}

// Colours and other orders to terminals; other control characters; what turns or hides text.
// deno-lint-ignore no-control-regex -- it is they that go
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])/g;
// deno-lint-ignore no-control-regex -- it is they that go
const UNSEEN = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|[\u{e0000}-\u{e007f}]/gu;

/** Lines as a person at a terminal sees them: of a line that was written over, what was written last. */
export function cleanLines(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => {
    const seen = line.endsWith("\r") ? line.slice(0, -1) : line;
    return seen.slice(seen.lastIndexOf("\r") + 1).replace(ESCAPES, "").replace(UNSEEN, "");
  });
}

const encoder = new TextEncoder();

function newestThatFit(lines: readonly string[], maxBytes: number): { lines: string[]; isCut: boolean } {
  const kept: string[] = [];
  let left = maxBytes;
  for (let index = lines.length - 1; index >= 0; index--) {
    const line = lines[index]!;
    const size = byteLength(line) + (kept.length === 0 ? 0 : 1);
    if (size > left) {
      if (kept.length === 0) kept.push(cutText(line, maxBytes));
      return { lines: kept.reverse(), isCut: true };
    }
    kept.push(line);
    left -= size;
  }
  return { lines: kept.reverse(), isCut: false };
}

/** The beginning of a text that is too long, with `…` after it, in whole characters. */
export function cutText(text: string, maxBytes: number): string {
  if (byteLength(text) <= maxBytes) return text;
  const room = maxBytes - byteLength("…");
  if (room < 0) return "";
  const buffer = new Uint8Array(room);
  const { read } = encoder.encodeInto(text, buffer);
  return `${text.slice(0, read)}…`;
}

function byteLength(text: string): number {
  return encoder.encode(text).length;
}
