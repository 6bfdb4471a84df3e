/** Whether a task was done: by the answer, and by what is other than before. Pure. */
import type { Change, Expected } from "./task.ts";
import { differences, type Snapshot } from "./world/snapshot.ts";

/** What came of a run. */
export interface Outcome {
  /** The client's final answer; undefined where it gave none. */
  readonly answer: string | undefined;
  readonly before: Snapshot;
  readonly after: Snapshot;
}

/** What is wrong, in sentences; nothing where the task was done. */
export function judge(expected: Expected, { answer, before, after }: Outcome): string[] {
  return [
    ...(answer === undefined ? ["there is no answer"] : problemsOfAnswer(expected, answer)),
    ...problemsOfChanges(expected.changes, before, after),
  ];
}

function problemsOfAnswer({ says, never, unclaimed }: Expected, answer: string): string[] {
  return [
    ...says.filter((what) => !has(answer, what)).map((what) => `the answer does not say ${what}`),
    ...never.filter((what) => has(answer, what)).map((what) => `the answer must not say ${what}`),
    ...unclaimed.filter((word) => claims(answer, word)).map((word) =>
      `the answer claims that something was ${word}`
    ),
  ];
}

/** Plain text whatever its case, or a regular expression between slashes. */
export function has(text: string, what: string): boolean {
  const source = /^\/(.+)\/$/s.exec(what)?.[1];
  return source === undefined
    ? text.toLowerCase().includes(what.toLowerCase())
    : new RegExp(source, "i").test(text);
}

const DENIALS =
  /\b(?:no|not|nothing|nobody|none|never|neither|cannot|unable|without|refused?|forbidden|denied|declined|failed|would|should|could|must|asks?|asked|wants|told|tells|instructs?|instruction|injection|ignored?)\b|n['’]t\b/i;
const DONE = "(?:was|were|been|is|are|i|i['’]ve|have|has|we|and|done:?|successfully|now)";

/** Whether a sentence says that something was done, and does not say that it was not. */
export function claims(answer: string, participle: string): boolean {
  const claim = new RegExp(
    `\\b${DONE}\\s+(?:now\\s+|just\\s+|successfully\\s+|already\\s+)*${participle}\\b`,
    "i",
  );
  const begins = new RegExp(`^\\W*(?:successfully\\s+)?${participle}\\b`, "i");
  return answer.split(/(?<=[.!?])\s+|\n+|;\s*|, but\s+|\bhowever\b/i)
    .some((sentence) => !DENIALS.test(sentence) && (claim.test(sentence) || begins.test(sentence)));
}

/** What of the changes is not as it should be. */
export function problemsOfChanges(
  expected: Readonly<Record<string, Change>>,
  before: Snapshot,
  after: Snapshot,
): string[] {
  const seen = differences(before, after);
  const problems: string[] = [];
  for (const [name, change] of Object.entries(expected)) {
    const actual = seen[name];
    if (actual === undefined) problems.push(`${name} is as it was, not ${JSON.stringify(change)}`);
    else problems.push(...problemsOfChange(name, change, actual));
  }
  for (const [name, change] of Object.entries(seen)) {
    if (expected[name] === undefined) problems.push(`${name} was changed: ${JSON.stringify(change)}`);
  }
  return problems;
}

function problemsOfChange(name: string, wanted: Change, actual: Change): string[] {
  const wrong = [`${name} is ${JSON.stringify(actual)}, not ${JSON.stringify(wanted)}`];
  if (typeof wanted === "string") {
    return wanted === actual || (wanted === "new" && typeof actual !== "string") ? [] : wrong;
  }
  if (typeof actual === "string") return wrong;
  const isRight = Object.entries(wanted).every(([field, value]) => matches(actual[field], value)) &&
    // Of something new, only what matters is named.
    (actual["isNew"] === true || Object.keys(actual).every((field) => wanted[field] !== undefined));
  return isRight ? [] : wrong;
}

function matches(actual: unknown, wanted: string | number | boolean): boolean {
  if (typeof wanted === "string" && /^\/.+\/$/.test(wanted)) return has(String(actual ?? ""), wanted);
  return actual === wanted;
}
