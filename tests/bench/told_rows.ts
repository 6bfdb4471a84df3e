/** Rows that are told on standard error as they come: some areas take a quarter of an hour. */
import type { Row } from "./report.ts";

/** See the file's head. */
export class ToldRows {
  readonly list: Row[] = [];

  constructor(
    private readonly write = (line: string): void =>
      void Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`)),
  ) {}

  push(...rows: Row[]): void {
    for (const { what, measured } of rows) this.write(`${what}: ${measured}`);
    this.list.push(...rows);
  }

  /** A figure that should be at most `limit`; `text` has its unit. */
  atMost(
    limit: number,
    row: { what: string; value: number; text: string; unit?: string; before?: string },
  ): void {
    const { what, value, text: measured, unit = "", before } = row;
    const reach = `${limit === 0 ? "0" : `≤ ${limit}`}${unit}`;
    this.push({ what, measured, reach, met: value <= limit, value, ...(before !== undefined && { before }) });
  }
}
