/** All sections once, as plain text: for pipes, files and `--once`. Pure. */
import type { Shown } from "../state.ts";
import type { Section } from "../types.ts";
import { FIRST, listed, sectionsOf } from "./model.ts";
import { placed, tableOf } from "./tables.ts";
import { clean, cut, fit } from "./text.ts";

export interface SnapshotOptions {
  readonly shown: Shown;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Only rows that have these words. @default {""} */
  readonly filter?: string;
  /** Only these. @default all that there are */
  readonly sections?: readonly Section[] | undefined;
  /** Columns of the terminal. Absent: as wide as it takes. */
  readonly columns?: number | undefined;
}

/** Ends with a line end. */
export function snapshot({ shown, now, filter = "", sections, columns }: SnapshotOptions): string {
  const there = sectionsOf(shown).filter((section) => sections === undefined || sections.includes(section));
  return there.map((section) => sectionText(section, shown, now, filter, columns)).join("\n");
}

function sectionText(
  section: Section,
  shown: Shown,
  now: number,
  filter: string,
  columns: number | undefined,
): string {
  const { title, empty } = tableOf(section);
  const { problem, isComplete, rows: all } = shown.sections[section];
  const rows = listed({ ...FIRST, filter }, shown, section);
  const count = rows.length === all.size ? String(all.size) : `${rows.length} of ${all.size}`;
  const lines = [`${title} (${count}${isComplete ? "" : ", not all"})`];
  if (problem !== "") lines.push(`! ${clean(problem)}`);
  if (rows.length === 0) {
    if (problem === "") lines.push(filter !== "" && all.size > 0 ? `None has "${clean(filter)}".` : empty);
  } else {
    const layout = placed(section, rows, columns ?? 10_000, now);
    lines.push(layout.map(({ column, width }) => fit(column.title, width, column.align)).join("  "));
    for (const row of rows) {
      lines.push(
        layout.map(({ column, width }) => fit(clean(column.value(row, now)), width, column.align)).join("  "),
      );
    }
  }
  return lines.map((line) => `${(columns === undefined ? line : cut(line, columns)).trimEnd()}\n`).join("");
}
