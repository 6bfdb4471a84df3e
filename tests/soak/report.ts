/** What a soak run prints at its end. */

/** Something that was checked. */
export interface Check {
  what: string;
  result: string;
  ok: boolean;
  /** What differed, in words; nothing where all is well. */
  details: readonly string[];
}

/** One area's results. */
export interface Report {
  /** Names and values that explain the run. */
  facts: readonly (readonly [what: string, value: string])[];
  checks: readonly Check[];
}

/** What an area is given. */
export interface AreaOptions {
  minutes: number;
  seed: number;
  /** Ends the run early, by rejecting with its reason. */
  signal: AbortSignal;
  /** One line for the reader, that stays. */
  say: (line: string) => void;
  /** Shows a line that changes while `run` runs. */
  watch: <T>(line: () => string, run: () => Promise<T>) => Promise<T>;
  /** Where logs are kept, a directory that is there. */
  dir: string;
}

/** How many details of a check are printed. */
const MAX_DETAILS = 40;

/** Paints a word; the identity where nothing is to be coloured. */
export type Paint = (style: "green" | "red" | "dim", text: string) => string;

/** A table of a report. */
export function table({ facts, checks }: Report, paint: Paint = (_, text) => text): string {
  const width = Math.max(...facts.map(([what]) => what.length), ...checks.map(({ what }) => what.length));
  const lines = facts.map(([what, value]) => `    ${what.padEnd(width)}  ${paint("dim", value)}`);
  for (const { what, result, ok, details } of checks) {
    const mark = ok ? paint("green", "✓") : paint("red", "✗");
    lines.push(`  ${mark} ${what.padEnd(width)}  ${result}`);
    for (const detail of details.slice(0, MAX_DETAILS)) lines.push(`      ${detail}`);
    if (details.length > MAX_DETAILS) lines.push(`      … and ${details.length - MAX_DETAILS} more`);
  }
  return lines.join("\n");
}

/** Whether nothing was violated. */
export function passed({ checks }: Report): boolean {
  return checks.every(({ ok }) => ok);
}

/** A check that holds where nothing differed. */
export function without(what: string, details: readonly string[], result?: string): Check {
  const count = details.length;
  return { what, result: count === 0 ? result ?? "none" : String(count), ok: count === 0, details };
}

/** A check of a number against its limit. */
export function atMost(what: string, value: number, limit: number, unit = ""): Check {
  const [is, most] = [value, limit].map((number) => `${Number(number.toFixed(1))}${unit && ` ${unit}`}`);
  return { what, result: `${is} (at most ${most})`, ok: value <= limit, details: [] };
}

/** `2:05`. */
export function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Megabytes of bytes. */
export function megabytes(bytes: number): number {
  return bytes / 1e6;
}
