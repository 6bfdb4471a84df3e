/** Answers as compact text: nothing said twice, nothing left out. */

/** Lists of flat objects as tables, everything else as indented `name: value` lines. */
export function compactText(value: Readonly<Record<string, unknown>>): string {
  const lines: string[] = [];
  for (const [name, part] of Object.entries(value)) {
    if (name === "warnings" || part === undefined) continue;
    if (isTable(part)) lines.push(...(part.length === 0 ? [`${name}: none`] : [`${name}:`, ...table(part)]));
    else lines.push(...linesOf(name, part, ""));
  }
  return lines.join("\n");
}

type Flat = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Loops, for every answer of every list comes by here: they take a third of the time. */
function isTable(value: unknown): value is readonly Flat[] {
  if (!Array.isArray(value)) return false;
  for (const row of value) {
    if (typeof row !== "object" || row === null || Array.isArray(row)) return false;
    for (const name of Object.keys(row)) if (!isCell(row[name])) return false;
  }
  return true;
}

function isCell(value: unknown): boolean {
  if (typeof value === "string") return !value.includes("\n");
  return typeof value !== "object" || value === null;
}

/** Rows with a heading; cells are separated by ` | `, which costs less than columns of spaces. */
export function table(rows: readonly Flat[]): string[] {
  const names: string[] = [];
  for (const row of rows) {
    for (const name of Object.keys(row)) {
      if (row[name] !== undefined && !names.includes(name)) names.push(name);
    }
  }
  const lines = [names.join(" | ")];
  for (const row of rows) {
    let line = "";
    for (const name of names) line += line === "" ? cell(row[name]) : ` | ${cell(row[name])}`;
    lines.push(line);
  }
  return lines;
}

function cell(value: Flat[string]): string {
  return value === undefined || value === null || value === "" ? "-" : String(value);
}

function linesOf(name: string, value: unknown, indent: string): string[] {
  if (value === undefined) return [];
  if (typeof value === "string" && value.includes("\n")) {
    return [`${indent}${name}:`, ...value.split("\n").map((line) => `${indent}  ${line}`)];
  }
  if (typeof value !== "object" || value === null) return [`${indent}${name}: ${String(value)}`];
  if (isTable(value)) {
    return value.length === 0
      ? [`${indent}${name}: none`]
      : [`${indent}${name}:`, ...table(value).map((line) => `${indent}  ${line}`)];
  }
  const parts = Array.isArray(value) ? value.map((part) => ["-", part] as const) : Object.entries(value);
  const isPlain = parts.every(([, part]) => typeof part !== "object" || part === null);
  if (Array.isArray(value) && isPlain) return [`${indent}${name}: ${value.join(", ")}`];
  return [`${indent}${name}:`, ...parts.flatMap(([key, part]) => linesOf(key, part, `${indent}  `))];
}
