/** What is worth quoting of a build's log. */
import type { BuildFacts, LogLine } from "./coder_facts.ts";

/** Words in which Coder refuses a build that costs too much. */
const NO_QUOTA = /\binsufficient quota\b|\bexceed your quota\b/i;

/** Whether Coder refused the build for want of its own quota. */
export function saysNoQuota({ job }: Pick<BuildFacts, "job">, log: readonly LogLine[] = []): boolean {
  return job.errorCode === "INSUFFICIENT_QUOTA" || NO_QUOTA.test(job.error) ||
    log.some(({ text }) => NO_QUOTA.test(text));
}

/** An error as it was written, over several lines. */
export interface LoggedError {
  readonly at?: string | undefined;
  readonly stage: string;
  /** One line. */
  readonly text: string;
}

/** What a terminal would make colours of. */
// deno-lint-ignore no-control-regex
const COLOUR = /\u001b\[[\d;]*m/g;
/** Frames around Terraform's errors. */
const FRAME = /^[\s│╷╵├─|]+/;
/** Lines of the template's source. */
const SOURCE = /^\d+: /;
/** Lines of one error that are no more than its place. */
const MOST_LINES = 12;

/**
 * Errors in a log, oldest first, each once. Terraform writes each over several lines, of which the first begins with
 * `Error:`; where there is none, lines of the level `error` are errors.
 */
export function errorsIn(log: readonly LogLine[]): readonly LoggedError[] {
  const errors: { at?: string | undefined; stage: string; lines: string[] }[] = [];
  let open: typeof errors[number] | undefined;
  for (const { at, level, stage, text } of log) {
    const line = bare(text);
    const begins = /^Error: /.test(line);
    const isOther = open === undefined || open.stage !== stage;
    if (begins || (level === "error" && isOther && line !== "")) {
      open = { at, stage, lines: [line] };
      errors.push(open);
    } else if (level === "error" && open !== undefined) {
      if (line !== "" && !SOURCE.test(line) && open.lines.length < MOST_LINES) open.lines.push(line);
    } else open = undefined;
  }
  const seen = new Set<string>();
  return errors
    .map(({ lines, ...error }) => ({ ...error, text: lines.join(" ").replace(/\s+/g, " ") }))
    .filter(({ text }) => !isNoise(text) && !seen.has(text) && seen.add(text));
}

function bare(text: string): string {
  return text.replace(COLOUR, "").replace(FRAME, "").trim();
}

/** What says no more than that there was an error. */
function isNoise(text: string): boolean {
  return /^(terraform (init|plan|apply|destroy): )?exit status \d+\.?$/i.test(text);
}

/** The last line that says something. */
export function lastWords(log: readonly LogLine[]): LogLine | undefined {
  return log.findLast(({ text }) => bare(text) !== "");
}
