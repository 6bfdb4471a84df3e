/**
 * Patterns of file names, as `sandbox/python/globs.py` reads them: `*`, `?`, `[…]`, `{a,b}`, and `**` for directories. One
 * without a slash is for names, wherever they are; one with a slash is for the path from the directory that is listed or
 * searched. Takes time in proportion to pattern and path, whatever the pattern: they come from callers.
 */
import { SessionError } from "../../types.ts";
import { shown } from "./errors.ts";

const MAX_ALTERNATIVES = 64;

const STAR = Symbol("any number");
const ANY = Symbol("any one");
const DEPTH = Symbol("any directories");

interface LetterSet {
  readonly isNegated: boolean;
  readonly ranges: readonly (readonly [string, string])[];
}
type Letter = string | typeof STAR | typeof ANY | LetterSet;
type Part = readonly Letter[] | typeof DEPTH;

export class Glob {
  readonly #alternatives: readonly { readonly isName: boolean; readonly parts: readonly Part[] }[];

  /** @throws {SessionError} `invalid` */
  constructor(pattern: string) {
    this.#alternatives = braces(pattern).flatMap((one) => {
      const parts = one.split("/").filter((part) => part !== "" && part !== ".");
      if (parts.length === 0) return [];
      const isName = parts.length === 1 && !one.replace(/\/+$/, "").includes("/");
      return [{ isName, parts: parts.map(compiled) }];
    });
    if (this.#alternatives.length > 0) return;
    throw new SessionError(
      "invalid",
      `the pattern ${shown(pattern)} matches nothing: give one such as *.py or src/**/*.ts`,
    );
  }

  /** Whether it matches a path, given as its names. */
  matches(names: readonly string[]): boolean {
    const letters = names.map((name) => [...name]);
    return this.#alternatives.some(({ isName, parts }) =>
      isName && parts[0] !== DEPTH
        ? matchesName(parts[0]!, letters.at(-1) ?? [])
        : greedy(parts, letters, DEPTH, matchesName)
    );
  }

  /** Whether the pattern itself has this name as one of its components, letter by letter. */
  names(name: string): boolean {
    const letters = [...name];
    return this.#alternatives.some(({ parts }) =>
      parts.some((part) =>
        part !== DEPTH && part.length === letters.length && part.every((letter, at) => letter === letters[at])
      )
    );
  }
}

/** All alternatives of `{a,b}`, which may lie in each other. */
function braces(pattern: string): readonly string[] {
  const done: string[] = [];
  const todo = [pattern];
  for (let text = todo.pop(); text !== undefined; text = todo.pop()) {
    const end = innermostEnd(text);
    if (end < 0) done.push(text);
    else {
      const start = text.lastIndexOf("{", end);
      const [before, after] = [text.slice(0, start), text.slice(end + 1)];
      todo.push(...text.slice(start + 1, end).split(",").reverse().map((one) => before + one + after));
    }
    if (done.length + todo.length > MAX_ALTERNATIVES) {
      throw new SessionError(
        "invalid",
        `the pattern ${shown(pattern)} has more than ${MAX_ALTERNATIVES} alternatives`,
      );
    }
  }
  return done;
}

/** Where the first brace is closed that was opened before. */
function innermostEnd(text: string): number {
  const start = text.indexOf("{");
  return start < 0 ? -1 : text.indexOf("}", start);
}

function compiled(part: string): Part {
  if (part === "**") return DEPTH;
  const result: Letter[] = [];
  const letters = [...part];
  for (let at = 0; at < letters.length; at++) {
    const letter = letters[at]!;
    const end = letter === "[" ? letters.indexOf("]", at + 2) : -1;
    if (letter === "*") {
      if (result.at(-1) !== STAR) result.push(STAR);
    } else if (letter === "?") result.push(ANY);
    else if (end > 0) {
      result.push(letterSet(letters.slice(at + 1, end)));
      at = end;
    } else result.push(letter);
  }
  return result;
}

function letterSet(letters: readonly string[]): LetterSet {
  const isNegated = letters.length > 1 && (letters[0] === "!" || letters[0] === "^");
  const own = isNegated ? letters.slice(1) : letters;
  const ranges: [string, string][] = [];
  for (let at = 0; at < own.length; at++) {
    const isRange = at + 2 < own.length && own[at + 1] === "-";
    ranges.push([own[at]!, isRange ? own[at + 2]! : own[at]!]);
    if (isRange) at += 2;
  }
  return { isNegated, ranges };
}

function same(pattern: Letter, letter: string): boolean {
  if (pattern === ANY) return true;
  if (typeof pattern === "object") {
    const code = letter.codePointAt(0)!;
    const isIn = pattern.ranges.some(([low, high]) =>
      low.codePointAt(0)! <= code && code <= high.codePointAt(0)!
    );
    return isIn !== pattern.isNegated;
  }
  return pattern === letter;
}

function matchesName(part: Part, name: readonly string[]): boolean {
  return part !== DEPTH && greedy(part, name, STAR, same);
}

/** Goes back to the last star only: quadratic at worst. */
function greedy<P, I>(
  pattern: readonly P[],
  items: readonly I[],
  star: P,
  isSame: (pattern: P, item: I) => boolean,
): boolean {
  let at = 0;
  let back: [number, number] | undefined;
  for (let here = 0; here < items.length;) {
    if (at < pattern.length && pattern[at] === star) back = [at++, here];
    else if (at < pattern.length && isSame(pattern[at]!, items[here]!)) {
      at++;
      here++;
    } else if (back !== undefined) {
      at = back[0] + 1;
      here = ++back[1];
    } else return false;
  }
  while (at < pattern.length && pattern[at] === star) at++;
  return at === pattern.length;
}
