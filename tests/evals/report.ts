/** What came of a run of the evaluations, for people and for programs. */
import type { Figures } from "./figures.ts";
import type { Era } from "./program.ts";
import { type Kind, KINDS, type Task } from "./task.ts";

/** One task, asked once. */
export interface TaskResult {
  readonly task: string;
  readonly kind: Kind;
  readonly era: Era;
  readonly success: boolean;
  /** Why it was no success. */
  readonly problems: readonly string[];
  readonly answer: string | undefined;
  readonly figures: Figures;
  /** Of the whole run of the client, in milliseconds. */
  readonly ms: number;
  readonly most: Task["most"];
  /** Whether it took more calls or bytes than the task allows for. */
  readonly isOver: boolean;
  /** What the client says of itself. */
  readonly said?: Readonly<Record<string, unknown>>;
}

export interface Totals {
  readonly tasks: number;
  readonly succeeded: number;
  readonly over: number;
  readonly calls: number;
  readonly bytes: { readonly in: number; readonly out: number };
  readonly tokens: { readonly in: number; readonly out: number };
  readonly ms: number;
}

export interface Report {
  readonly client: string;
  readonly totals: Totals;
  readonly byKind: Readonly<Partial<Record<Kind, Totals>>>;
  /** What every conversation reads of the tools, by o200k_base. */
  readonly listingTokens: number;
  readonly results: readonly TaskResult[];
}

/** Puts it together. @param client how it was called */
export function reportOf(client: string, results: readonly TaskResult[]): Report {
  const byKind = KINDS.flatMap((kind) => {
    const own = results.filter((one) => one.kind === kind);
    return own.length === 0 ? [] : [[kind, totalsOf(own)] as const];
  });
  return {
    client,
    totals: totalsOf(results),
    byKind: Object.fromEntries(byKind),
    listingTokens: Math.max(0, ...results.map(({ figures }) => figures.tokens.listing)),
    results,
  };
}

function totalsOf(results: readonly TaskResult[]): Totals {
  const sum = (of: (one: TaskResult) => number) => results.reduce((all, one) => all + of(one), 0);
  return {
    tasks: results.length,
    succeeded: results.filter(({ success }) => success).length,
    over: results.filter(({ isOver }) => isOver).length,
    calls: sum(({ figures }) => figures.calls),
    bytes: { in: sum(({ figures }) => figures.bytes.in), out: sum(({ figures }) => figures.bytes.out) },
    tokens: { in: sum(({ figures }) => figures.tokens.in), out: sum(({ figures }) => figures.tokens.out) },
    ms: sum(({ ms }) => ms),
  };
}

const HEAD = ["task", "era", "", "calls", "bytes in", "bytes out", "tokens in", "tokens out", "ms"];

/** As a table, with what went wrong below. */
export function reportText({ client, results, totals, byKind, listingTokens }: Report): string {
  const rows = results.map(({ task, era, success, isOver, figures: { calls, bytes, tokens }, ms }) => [
    task,
    era,
    success ? isOver ? "over" : "ok" : "FAILED",
    ...[calls, bytes.in, bytes.out, tokens.in, tokens.out, Math.round(ms)].map(String),
  ]);
  const kinds = Object.entries(byKind).map(([kind, own]) => totalsRow(kind, own));
  const lines = aligned([HEAD, ...rows, ...kinds, totalsRow("all", totals)]);
  const problems = results.flatMap(({ task, era, problems }) =>
    problems.map((problem) => `${task} (${era}): ${problem}`)
  );
  return [
    `client: ${client}`,
    ...lines,
    `The tools themselves are ${listingTokens} tokens, once for each conversation.`,
    ...(problems.length === 0 ? [] : ["", ...problems]),
  ].join("\n");
}

function totalsRow(name: string, { tasks, succeeded, calls, bytes, tokens, ms }: Totals): string[] {
  const numbers = [calls, bytes.in, bytes.out, tokens.in, tokens.out, Math.round(ms)];
  return [name, "", `${succeeded}/${tasks}`, ...numbers.map(String)];
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, column) => column < 3 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))
      .join("  ").trimEnd()
  );
}
