/** The table of values in the chart's README. */
import type { DocumentedValue } from "./documented.ts";

const BEGIN = '<!-- values: generated from values.yaml by "deno task generate" -->';
const END = "<!-- end of values -->";

/** The README with the table between its marks. @throws {Error} where a mark is missing */
export function withValues(readme: string, documented: readonly DocumentedValue[]): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`README.md of the chart has no ${BEGIN} before ${END}`);
  return `${readme.slice(0, begin + BEGIN.length)}\n\n${valuesTable(documented)}\n${readme.slice(end)}`;
}

/** Markdown. */
export function valuesTable(documented: readonly DocumentedValue[]): string {
  const rows = documented.filter(({ isSection }) => !isSection).map(({ path, text, default: given }) =>
    `| \`${path.join(".")}\` | ${cell(text)} | \`${JSON.stringify(given)}\` |`
  );
  return ["| Value | What it means | Default |", "| --- | --- | --- |", ...rows, ""].join("\n");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
