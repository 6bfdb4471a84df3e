/** What `deno test` says at its end, read and added up. */

/** What one run of `deno test` came to. */
export interface TestReport {
  readonly passed: number;
  readonly passedSteps: number;
  readonly failed: number;
  readonly failedSteps: number;
  readonly ignored: number;
  readonly filteredOut: number;
  /** What failed, with the details. */
  readonly failures: readonly Failure[];
}

/** A test, a step or a module that failed. */
export interface Failure {
  /** `a step => ./tests/x_test.ts:12:3`, as `deno test` names it. */
  readonly name: string;
  /** Error and stack. */
  readonly details: string;
}

// deno-lint-ignore no-control-regex -- colours begin with this character
const COLOURS = /\x1b\[[0-9;]*m/g;
const SUMMARY =
  /^(?:ok|FAILED) \| (\d+) passed(?: \((\d+) steps?\))? \| (\d+) failed(?: \((\d+) steps?\))?(.*?) \([^()]*\)$/;

/**
 * Reads what a process printed. One that ended badly without saying which test failed has failed itself: it counts as
 * one failed test that has the name of what was run.
 *
 * @param name what was run
 * @param code its exit code
 */
export function readReport(name: string, code: number, output: string): TestReport {
  const lines = output.replaceAll(COLOURS, "").split("\n");
  const end = lines.findLastIndex((line) => SUMMARY.test(line));
  const [, passed, passedSteps, failed, failedSteps, more = ""] = SUMMARY.exec(lines[end] ?? "") ?? [];
  const counts = {
    passed: Number(passed ?? 0),
    passedSteps: Number(passedSteps ?? 0),
    failed: Number(failed ?? 0),
    failedSteps: Number(failedSteps ?? 0),
    ignored: Number(/(\d+) ignored/.exec(more)?.[1] ?? 0),
    filteredOut: Number(/(\d+) filtered out/.exec(more)?.[1] ?? 0),
    failures: Number(failed ?? 0) === 0 ? [] : failuresOf(lines.slice(0, end)),
  };
  if (end >= 0 && (code === 0) === (counts.failed === 0)) return counts;
  const details = [
    end >= 0
      ? `deno test ended with exit code ${code}`
      : `deno test ended with exit code ${code} and no summary`,
    ...lines.filter((line) => line.trim() !== "").slice(-LAST_LINES),
  ].join("\n");
  return {
    ...counts,
    failed: counts.failed + 1,
    failures: [...counts.failures, { name: `${name} (as a whole)`, details }],
  };
}

/** So many last lines tell why a process ended. */
const LAST_LINES = 20;

/** The failures between the headings ` ERRORS ` and ` FAILURES `; names after the latter tell where one begins. */
function failuresOf(lines: readonly string[]): Failure[] {
  const names = lines.lastIndexOf(" FAILURES ");
  const errors = lines.slice(0, Math.max(names, 0)).lastIndexOf(" ERRORS ");
  if (errors < 0) return [];
  const wanted = lines.slice(names + 1).filter((line) => line !== "");
  const section = lines.slice(errors + 1, names);
  // In the same order in both; a test that fails in several ways is named several times in the former.
  const begins = new Set(wanted);
  const starts = section.flatMap((line, index) =>
    begins.has(line) && section[index - 1] === "" ? [index] : []
  );
  return starts.map((start, index) => ({
    name: section[start] ?? "",
    details: section.slice(start + 1, starts[index + 1]).join("\n").trim(),
  }));
}

/** The whole of several runs. */
export function sum(reports: readonly TestReport[]): TestReport {
  const total = (count: (report: TestReport) => number) =>
    reports.reduce((all, report) => all + count(report), 0);
  return {
    passed: total((report) => report.passed),
    passedSteps: total((report) => report.passedSteps),
    failed: total((report) => report.failed),
    failedSteps: total((report) => report.failedSteps),
    ignored: total((report) => report.ignored),
    filteredOut: total((report) => report.filteredOut),
    failures: reports.flatMap((report) => report.failures),
  };
}

/**
 * The end of a run as `deno test` writes it: details of what failed, then its names, each with the beginning of its
 * error, since often only the last lines are seen, then one line of figures.
 *
 * @param milliseconds how long it took
 */
export function endOf(report: TestReport, milliseconds: number): string {
  const { failures } = report;
  const parts = [figures(report, milliseconds)];
  if (failures.length > 0) {
    const most = Math.max(1, Math.min(8, Math.floor(WHY_LINES / failures.length) - 1));
    const names = failures.map(({ name, details }) => [name, ...why(details, most)].join("\n    "));
    const errors = failures.map(({ name, details }) => `${name}\n${withoutForeignFrames(details)}\n`);
    parts.unshift(" ERRORS \n", ...errors, " FAILURES \n", ...names, "");
  }
  return parts.join("\n");
}

function figures(report: TestReport, milliseconds: number): string {
  const steps = (count: number) => count === 0 ? "" : ` (${count} step${count === 1 ? "" : "s"})`;
  const seconds = Math.round(milliseconds / 1000);
  const time = seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
  return [
    report.failed === 0 ? "ok" : "FAILED",
    `${report.passed} passed${steps(report.passedSteps)}`,
    `${report.failed} failed${steps(report.failedSteps)}`,
    ...(report.ignored === 0 ? [] : [`${report.ignored} ignored`]),
    ...(report.filteredOut === 0 ? [] : [`${report.filteredOut} filtered out`]),
  ].join(" | ") + ` (${time})`;
}

/** So many lines, of those that are often the only ones seen, tell the reasons of all failures together. */
const WHY_LINES = 30;
const WHY_WIDTH = 200;

/** The beginning of an error: no stack, no line of the test with a caret under it, no legend. */
function why(details: string, most: number): string[] {
  const lines = details.split("\n").filter((line, index, all) =>
    !(line.trim() === "" || FRAME.test(line) || CARET.test(line) || CARET.test(all[index + 1] ?? "") ||
      LEGEND.test(line))
  );
  return lines.slice(0, most).map((line) => line.length > WHY_WIDTH ? `${line.slice(0, WHY_WIDTH)}…` : line);
}

const CARET = /^\s+\^$/;
const LEGEND = /^(\+ actual - expected|\.\.\. Skipped lines)$/;
const FRAME = /^\s+at /;
/** Frames of Deno itself and of packages. */
const FOREIGN = /\b(?:ext|node|npm|core):|\/(?:npm|node_modules)\/|<anonymous>/;

/** A stack without what is not ours: that is the same in all of them, and says nothing. */
function withoutForeignFrames(details: string): string {
  return details.split("\n").filter((line) => !(FRAME.test(line) && FOREIGN.test(line))).join("\n");
}
