/** What is seen at a terminal: lines of exactly its width, from what is known and what was chosen. Pure. */
import type { AnyRow } from "../board.ts";
import type { Shown } from "../state.ts";
import type { ConditionView, Section } from "../types.ts";
import { type Choices, chosenIndex, listed, sectionOf, sectionsOf, sortOf, type TextView } from "./model.ts";
import { PLAIN, type Style } from "./style.ts";
import { type Placed, placed, tableOf, type Tone } from "./tables.ts";
import { clean, cut, fit, fold, widthOf } from "./text.ts";

export interface Frame {
  readonly lines: readonly string[];
  /** What keys are pressed over. */
  readonly rows: readonly AnyRow[];
  readonly page: number;
  readonly textLines: number;
}

export interface DrawOptions {
  readonly shown: Shown;
  readonly choices: Choices;
  readonly columns: number;
  readonly rows: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly style: Style;
  /** Where it comes from: a server, a context. */
  readonly from: string;
  /** How it stands with that; empty: well. */
  readonly connection: string;
}

const LEAST_COLUMNS = 20;
const LEAST_ROWS = 6;

/** As many lines as the terminal has, none of them wider. */
export function draw(options: DrawOptions): Frame {
  const columns = Math.max(LEAST_COLUMNS, options.columns);
  const height = Math.max(LEAST_ROWS, options.rows);
  const { shown, choices, style } = options;
  const section = sectionOf(choices, shown);
  const rows = listed(choices, shown, section);
  const head = [header(options, columns), ...tabs(options, section, columns)];
  const foot = style.dim(fit(footOf(choices, columns), columns));
  const room = height - head.length - 1;
  const { text } = choices;
  if (text !== undefined) {
    const all = textLines(text, shown, section, columns, options.now);
    const page = Math.max(1, room - 1);
    const offset = text.follows
      ? Math.max(0, all.length - page)
      : Math.min(text.offset, Math.max(0, all.length - page));
    const body = all.slice(offset, offset + page).map((line) => fit(line, columns));
    const lines = [...head, style.bold(fit(clean(text.title), columns)), ...body];
    return { lines: [...filled(lines, height - 1, columns), foot], rows, page, textLines: all.length };
  }
  const above = notices(options, section, columns);
  const page = Math.max(1, room - above.length - 1);
  const body = table(options, section, rows, page, columns);
  return {
    lines: [...filled([...head, ...above, ...body], height - 1, columns), foot],
    rows,
    page,
    textLines: 0,
  };
}

function filled(lines: readonly string[], height: number, columns: number): string[] {
  const space = " ".repeat(columns);
  return Array.from({ length: height }, (_, index) => lines[index] ?? space);
}

function header({ shown, from, connection, style, now }: DrawOptions, columns: number): string {
  const user = shown.hello?.user ?? "";
  const time = new Date(now).toISOString().slice(11, 19);
  const left = ["coder-k8s top", user === "" ? "" : clean(user), `at ${clean(from)}`].filter((word) =>
    word !== ""
  )
    .join("  ");
  const right = connection === "" ? time : clean(connection);
  const tone = connection === "" ? style.dim : style.bad;
  const room = columns - Math.min(widthOf(right), Math.floor(columns / 2)) - 1;
  return `${style.bold(fit(left, room))} ${tone(fit(right, columns - room - 1, "right"))}`;
}

function tabs({ shown, style }: DrawOptions, current: Section, columns: number): string[] {
  const words = sectionsOf(shown).map((section, index) => {
    const { rows, problem, isComplete } = shown.sections[section];
    const count = `${rows.size}${isComplete ? "" : "…"}${problem === "" ? "" : "!"}`;
    return { section, long: `${index + 1} ${tableOf(section).short} ${count}`, short: `${index + 1}` };
  });
  const whole = words.reduce((sum, { long }) => sum + long.length + 2, 0) <= columns;
  let width = 0;
  const shownWords = words.map(({ section, long, short }) => {
    const text = whole || section === current ? long : short;
    width += text.length + 2;
    return section === current ? style.reverse(text) : text;
  });
  if (shownWords.length === 0) return [fit("Waiting for the first answer…", columns)];
  if (width > columns + 2) {
    return [fit(words.find(({ section }) => section === current)?.long ?? "", columns)];
  }
  return [shownWords.join("  ") + " ".repeat(Math.max(0, columns - width + 2))];
}

/** What is wrong, and what is looked for. */
function notices(
  { shown, choices, connection, style }: DrawOptions,
  section: Section,
  columns: number,
): string[] {
  const { problem } = shown.sections[section];
  const lines: string[] = [];
  // The header has no room for the reason.
  if (widthOf(clean(connection)) > Math.floor(columns / 2)) {
    for (const line of fold(connection, columns).slice(0, 3)) lines.push(style.bad(fit(line, columns)));
  }
  if (problem !== "") {
    for (const line of fold(problem, columns).slice(0, 3)) lines.push(style.bad(fit(line, columns)));
  }
  if (choices.isTyping || choices.filter !== "") {
    lines.push(style.bold(fit(`/${clean(choices.filter)}${choices.isTyping ? "_" : ""}`, columns)));
  }
  return lines;
}

function table(
  { shown, choices, style, now }: DrawOptions,
  section: Section,
  rows: readonly AnyRow[],
  page: number,
  columns: number,
): string[] {
  const known = shown.sections[section];
  if (rows.length === 0) {
    const text = choices.filter !== "" && known.rows.size > 0
      ? `None of ${known.rows.size} has "${choices.filter}".`
      : known.isComplete
      ? tableOf(section).empty
      : "…";
    return fold(text, columns).map((line) => fit(line, columns));
  }
  const at = chosenIndex(choices, section, rows);
  const from = Math.max(0, Math.min(at - Math.floor(page / 2), rows.length - page));
  const some = rows.slice(from, from + page);
  const layout = placed(section, some, columns - 2, now);
  const { column, down } = sortOf(choices, section);
  const titles = layout.map(({ column: { title, align }, width, index }) =>
    fit(index === column ? `${title}${down ? "▾" : "▴"}` : title, width, align)
  );
  const lines = [style.bold(fit(`  ${titles.join("  ")}`, columns))];
  for (const [index, row] of some.entries()) {
    lines.push(rowLine(row, section, layout, columns, from + index === at, style, now));
  }
  return lines;
}

function rowLine(
  row: AnyRow,
  section: Section,
  layout: readonly Placed[],
  columns: number,
  isChosen: boolean,
  style: Style,
  now: number,
): string {
  const tone = tableOf(section).tone(row as never);
  const cells = layout.map(({ column, width }) => {
    const cell = fit(clean(column.value(row, now)), width, column.align);
    return column.toned === true && !isChosen ? toned(style, tone)(cell) : cell;
  });
  const used = layout.reduce((sum, { width }) => sum + width, 0) + 2 * Math.max(0, layout.length - 1) + 2;
  const line = `${isChosen ? "> " : "  "}${cells.join("  ")}${" ".repeat(Math.max(0, columns - used))}`;
  return isChosen ? style.reverse(line) : line;
}

function toned(style: Style, tone: Tone): (text: string) => string {
  return tone === "none" ? PLAIN.bold : style[tone];
}

function textLines(
  text: TextView,
  shown: Shown,
  section: Section,
  columns: number,
  now: number,
): string[] {
  if (text.kind !== "details") return text.lines.flatMap((line) => fold(line, columns));
  const row = shown.sections[section].rows.get(text.id) as AnyRow | undefined;
  if (row === undefined) return ["It is not there any more."];
  return details(row, columns, now);
}

/** Everything that is known of a row. */
export function details(row: AnyRow, columns: number, now: number): string[] {
  const lines: string[] = [];
  for (const [name, value] of Object.entries(row)) {
    if (name === "id" || name === "conditions" || value === "") continue;
    const label = name.replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`);
    const shown = typeof value === "string" && /At$|^at$/.test(name)
      ? `${value} (${agoText(value, now)})`
      : String(value);
    const [first = "", ...more] = fold(shown, Math.max(10, columns - 16));
    lines.push(`${fit(label, 14)}  ${first}`, ...more.map((line) => `${" ".repeat(16)}${line}`));
  }
  const conditions = "conditions" in row ? row.conditions as readonly ConditionView[] : [];
  if (conditions.length > 0) lines.push("", "Conditions");
  for (const { type, status, reason, message, since } of conditions) {
    const when = since === "" ? "" : `, since ${since} (${agoText(since, now)})`;
    lines.push(...fold(`${type}: ${status}${reason === "" ? "" : ` (${reason})`}${when}`, columns));
    if (message !== "") lines.push(...fold(message, Math.max(10, columns - 4)).map((line) => `    ${line}`));
  }
  return lines.map((line) => cut(line, columns));
}

function agoText(time: string, now: number): string {
  const seconds = Math.round((now - Date.parse(time)) / 1_000);
  if (Number.isNaN(seconds)) return "unknown";
  const span = Math.abs(seconds) < 120
    ? `${Math.abs(seconds)} s`
    : `${Math.round(Math.abs(seconds) / 60)} min`;
  return seconds < 0 ? `in ${span}` : `${span} ago`;
}

function footOf({ text, note, isTyping }: Choices, columns: number): string {
  if (note !== "") return note;
  if (isTyping) return "Enter: look at these  Escape: all";
  if (text !== undefined) return "q: back  arrows: scroll";
  if (columns < 80) return "q ? Tab Enter d l / s";
  return "q: end  ?: keys  Tab: section  Enter: row  d: diagnose  l: log  /: find  s: sort";
}
