/** Results from what reports say: counted and cut to a measure that answers bear. */
import type { Failure, Results } from "./types.ts";

const MOST_FAILURES = 100;
const MOST_NAME = 500;
const MOST_MESSAGE = 4_000;
const MESSAGE_HEAD = 1_500;

/** One test. */
export interface Case {
  readonly name: string;
  readonly status: "passed" | "failed" | "skipped" | "error";
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly message?: string | undefined;
}

export function resultsOf(cases: Iterable<Case>): Results {
  const counts = { passed: 0, failed: 0, skipped: 0, errors: 0 };
  const failures: Failure[] = [];
  for (const one of cases) {
    counts[one.status === "error" ? "errors" : one.status]++;
    if (one.status !== "failed" && one.status !== "error") continue;
    if (failures.length < MOST_FAILURES) failures.push(failureOf(one));
  }
  return { counts, failures };
}

function failureOf({ name, file, line, message }: Case): Failure {
  const isLine = line !== undefined && Number.isSafeInteger(line) && line > 0;
  return {
    name: name.slice(0, MOST_NAME),
    ...(file === undefined || file === "" ? {} : { file: file.slice(0, 4_096) }),
    ...(isLine ? { line } : {}),
    message: shortened(message?.trim() || "it says no more"),
  };
}

/** The beginning and the end: where it failed, and with what. */
function shortened(text: string): string {
  if (text.length <= MOST_MESSAGE) return text;
  const tail = text.slice(text.length - (MOST_MESSAGE - MESSAGE_HEAD));
  return `${text.slice(0, MESSAGE_HEAD)}\n[…]\n${tail}`.toWellFormed();
}

/**
 * A path as callers know it, relative to the session's directory. Frameworks say it from the machine's root, or from `root`,
 * where they were started.
 */
export function withinSession(path: string, root: string): string {
  const within = path.replace(/^(?:file:\/\/)?\/(?:[^\n]*?\/)??workspace\//, "");
  if (within !== path || path.startsWith("/")) return within;
  const parts: string[] = [];
  for (const part of `${root}/${path}`.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** The place of the innermost call in a JavaScript stack that is in nobody's library. */
export function placeInStack(stack: string): { readonly file: string; readonly line: number } | undefined {
  for (const match of stack.matchAll(/(?:\(|at |^|\s)((?:file:\/\/)?\/[^\s():]+):(\d+):\d+/gm)) {
    const [, file = "", line = ""] = match;
    if (!file.includes("/node_modules/")) return { file, line: Number(line) };
  }
  return undefined;
}
