/** What a benchmark prints and writes. */

/** One figure. */
export interface Row {
  what: string;
  /** As shown: with its unit. */
  measured: string;
  /** The goal, as shown; absent where there is none. */
  reach?: string;
  /** Whether the goal is met; absent where there is none. */
  met?: boolean;
  /** What the Go operator was measured at, where known. */
  before?: string;
  /** The raw number behind `measured`, for comparing runs. */
  value: number;
}

/** The figures of one area. */
export interface Report {
  area: string;
  rows: Row[];
}

/** A table of a report, for a terminal. */
export function table(report: Report): string {
  const cells = [
    ["What", "Measured", "Reach", "", "Go operator"],
    ...report.rows.map((row) => [
      row.what,
      row.measured,
      row.reach ?? "–",
      row.met === undefined ? "" : row.met ? "met" : "MISSED",
      row.before ?? "–",
    ]),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
  const line = (row: string[]) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd();
  return cells.map(line).join("\n");
}

/** Facts of the machine, so that figures are never read without them. */
export function machine(): Record<string, string | number> {
  const model = /model name\s*:\s*(.+)/.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1] ?? "unknown";
  return {
    cpu: model,
    cores: navigator.hardwareConcurrency,
    memoryGiB: Math.round(Deno.systemMemoryInfo().total / 2 ** 30),
    deno: Deno.version.deno,
    date: new Date().toISOString().slice(0, 10),
  };
}
