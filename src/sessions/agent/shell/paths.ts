/** Paths below a session's directory, as they are asked for. */
import { SessionError } from "../../types.ts";
import { shown } from "./errors.ts";

const MAX_PATH = 4_095;
const MAX_NAME = 255;

/** The names of a path; none for the directory itself. @throws {SessionError} for what could lead elsewhere */
export function namesOf(path: string): readonly string[] {
  const invalid = (why: string) => new SessionError("invalid", why);
  if (path === "") {
    throw invalid(`the path is empty: give one below the session's directory, such as "src/main.py"`);
  }
  if (path.includes("\0")) throw invalid(`the path ${shown(path)} has a NUL character: leave it out`);
  if (path.startsWith("/")) {
    throw invalid(
      `the path ${shown(path)} is absolute: give it relative to the session's directory, without the first /`,
    );
  }
  if (!path.isWellFormed()) {
    throw invalid(`the path ${shown(path)} is no valid Unicode: half of a surrogate pair is in it`);
  }
  const size = bytes(path);
  if (size > MAX_PATH) throw invalid(`the path ${shown(path)} has ${size} bytes; ${MAX_PATH} are the most`);
  const names = path.split("/").filter((name) => name !== "" && name !== ".");
  for (const name of names) {
    if (name === "..") {
      throw invalid(`the path ${shown(path)} has ".." in it: name the file without going up`);
    }
    if (bytes(name) > MAX_NAME) {
      throw invalid(`a name in the path ${shown(path)} has ${bytes(name)} bytes; ${MAX_NAME} are the most`);
    }
  }
  return names;
}

/** A path as the scripts take it: `.`, or names with slashes between them. */
export function plainPath(path: string): string {
  return namesOf(path).join("/") || ".";
}

/** Names in the order of code points, as sorted lists have them; what is above comes first. */
export function compareNames(one: readonly string[], other: readonly string[]): number {
  for (let at = 0; at < Math.min(one.length, other.length); at++) {
    const order = compareText(one[at]!, other[at]!);
    if (order !== 0) return order;
  }
  return one.length - other.length;
}

function compareText(one: string, other: string): number {
  if (one === other) return 0;
  // UTF-16 has surrogates before U+E000, so that its order is not that of code points.
  if (!/[\ud800-\uffff]/.test(one + other)) return one < other ? -1 : 1;
  const [a, b] = [one, other].map((text) => encoder.encode(text)) as [Uint8Array, Uint8Array];
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    if (a[at] !== b[at]) return a[at]! - b[at]!;
  }
  return a.length - b.length;
}

const encoder = new TextEncoder();

function bytes(text: string): number {
  return encoder.encode(text).length;
}
