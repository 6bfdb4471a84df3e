/** What somebody has chosen to see of it at a terminal: keys in, choices out. Pure. */
import type { AnyRow } from "../board.ts";
import type { Shown } from "../state.ts";
import { type BuildRow, type Section, SECTIONS } from "../types.ts";
import type { Key } from "./keys.ts";
import { columnsOfSection, tableOf } from "./tables.ts";

/** A text over the list: details of a row, a diagnosis, a log, the help. */
export interface TextView {
  readonly kind: "details" | "diagnosis" | "log" | "help";
  readonly title: string;
  /** Of `details`: which row. */
  readonly id: string;
  readonly lines: readonly string[];
  readonly offset: number;
  /** Stays at its end. */
  readonly follows: boolean;
}

export interface Choices {
  readonly section: Section;
  readonly filter: string;
  readonly isTyping: boolean;
  /** Ids of the chosen rows. */
  readonly chosen: { readonly [S in Section]?: string };
  readonly sort: { readonly [S in Section]?: { readonly column: number; readonly down: boolean } };
  readonly text: TextView | undefined;
  /** Said at the bottom until the next key. */
  readonly note: string;
}

/** What is to be done besides. */
export type Effect =
  | { readonly kind: "quit" }
  | { readonly kind: "redraw" }
  /** Whatever is being read for a text is of no more use. */
  | { readonly kind: "stop" }
  | {
    readonly kind: "diagnose";
    readonly subject: "workspace" | "controlplane" | "provisioner";
    readonly namespace: string;
    readonly name: string;
  }
  | {
    readonly kind: "log";
    readonly namespace: string;
    readonly workspace: string;
    readonly build: number | undefined;
  };

/** What keys are pressed over. */
export interface Surface {
  readonly shown: Shown;
  /** Rows of the section, as they are listed. */
  readonly rows: readonly AnyRow[];
  /** Lines that a page of the list or the text has. */
  readonly page: number;
  /** Lines that a text has as it is folded. */
  readonly textLines: number;
}

export const FIRST: Choices = {
  section: "workspaces",
  filter: "",
  isTyping: false,
  chosen: {},
  sort: {},
  text: undefined,
  note: "",
};

export const HELP = [
  "1 to 8, Tab     another section",
  "arrows, PgUp…   another row",
  "Enter           everything about a row",
  "d               why it is not well",
  "l               the log of its build",
  "/               rows that have a text; Escape: all of them",
  "s, S            sort by the next column, or the other way round",
  "q               the end",
];

/** Sections that there are, in the order of their keys. */
export function sectionsOf({ hello }: Shown): readonly Section[] {
  return SECTIONS.filter((section) => hello?.sections.includes(section) ?? false);
}

/** The section that is shown, which is one that there is. */
export function sectionOf({ section }: Choices, shown: Shown): Section {
  const there = sectionsOf(shown);
  return there.includes(section) || there.length === 0 ? section : there[0]!;
}

/** As it is sorted. */
export function sortOf(
  choices: Choices,
  section: Section,
): { readonly column: number; readonly down: boolean } {
  return choices.sort[section] ?? tableOf(section).sort;
}

/** Rows of a section that have the text that is looked for, sorted. */
export function listed(choices: Choices, shown: Shown, section: Section): AnyRow[] {
  const words = choices.filter.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const all = [...shown.sections[section].rows.values()] as AnyRow[];
  const found = words.length === 0 ? all : all.filter((row) => {
    const text = Object.values(row).filter((value) => typeof value === "string").join("\n").toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const { column: index, down } = sortOf(choices, section);
  const column = columnsOfSection(section)[index] ?? columnsOfSection(section)[0]!;
  const by = (row: AnyRow) => column.by?.(row) ?? column.value(row, 0);
  const keys = new Map(found.map((row) => [row, by(row)]));
  const order = down ? -1 : 1;
  return found.sort((one, other) => {
    const [a, b] = [keys.get(one)!, keys.get(other)!];
    if (a !== b) return a < b ? -order : order;
    return one.id < other.id ? -1 : 1;
  });
}

/** Which of the rows is the current one. */
export function chosenIndex(choices: Choices, section: Section, rows: readonly AnyRow[]): number {
  const index = rows.findIndex(({ id }) => id === choices.chosen[section]);
  return index < 0 ? 0 : index;
}

export function pressed(choices: Choices, key: Key, surface: Surface): { choices: Choices; effect?: Effect } {
  const next = { ...choices, note: "" };
  if (key.kind === "interrupt") return { choices: next, effect: { kind: "quit" } };
  if (key.kind === "redraw") return { choices: next, effect: { kind: "redraw" } };
  if (next.isTyping) return { choices: typed(next, key) };
  return next.text === undefined ? inList(next, key, surface) : inText(next, next.text, key, surface);
}

function typed(choices: Choices, key: Key): Choices {
  switch (key.kind) {
    case "enter":
      return { ...choices, isTyping: false };
    case "escape":
      return { ...choices, isTyping: false, filter: "" };
    case "backspace":
      return { ...choices, filter: [...choices.filter].slice(0, -1).join("") };
    case "clear":
      return { ...choices, filter: "" };
    case "text":
      return choices.filter.length >= 100 ? choices : { ...choices, filter: choices.filter + key.text };
    default:
      return choices;
  }
}

function inText(
  choices: Choices,
  text: TextView,
  key: Key,
  { page, textLines }: Surface,
): { choices: Choices; effect?: Effect } {
  const last = Math.max(0, textLines - page);
  const at = text.follows ? last : Math.min(text.offset, last);
  const to = (offset: number) => {
    const within = Math.max(0, Math.min(last, offset));
    return {
      choices: {
        ...choices,
        text: { ...text, offset: within, follows: text.kind === "log" && within === last },
      },
    };
  };
  switch (key.kind === "text" ? key.text : key.kind) {
    case "up":
    case "k":
      return to(at - 1);
    case "down":
    case "j":
      return to(at + 1);
    case "pageup":
      return to(at - page);
    case "pagedown":
    case " ":
      return to(at + page);
    case "home":
    case "g":
      return to(0);
    case "end":
    case "G":
      return to(last);
    case "q":
    case "escape":
    case "left":
    case "backspace":
      return { choices: { ...choices, text: undefined }, effect: { kind: "stop" } };
    default:
      return { choices };
  }
}

function inList(choices: Choices, key: Key, surface: Surface): { choices: Choices; effect?: Effect } {
  const { shown, rows, page } = surface;
  const section = sectionOf(choices, shown);
  const at = chosenIndex(choices, section, rows);
  const to = (index: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, index))];
    return row === undefined
      ? { choices }
      : { choices: { ...choices, chosen: { ...choices.chosen, [section]: row.id } } };
  };
  const sections = sectionsOf(shown);
  const turn = (by: number) => {
    const there = sections[(sections.indexOf(section) + by + sections.length) % Math.max(1, sections.length)];
    return { choices: there === undefined ? choices : { ...choices, section: there } };
  };
  const row = rows[at];
  switch (key.kind === "text" ? key.text : key.kind) {
    case "q":
      return { choices, effect: { kind: "quit" } };
    case "up":
    case "k":
      return to(at - 1);
    case "down":
    case "j":
      return to(at + 1);
    case "pageup":
      return to(at - page);
    case "pagedown":
    case " ":
      return to(at + page);
    case "home":
    case "g":
      return to(0);
    case "end":
    case "G":
      return to(rows.length - 1);
    case "tab":
    case "right":
      return turn(1);
    case "backtab":
    case "left":
      return turn(-1);
    case "/":
      return { choices: { ...choices, isTyping: true } };
    case "escape":
      return { choices: { ...choices, filter: "" } };
    case "s":
    case "S": {
      const sort = sortOf(choices, section);
      const column = (sort.column + 1) % columnsOfSection(section).length;
      const now = key.kind === "text" && key.text === "S"
        ? { ...sort, down: !sort.down }
        : { column, down: false };
      return { choices: { ...choices, sort: { ...choices.sort, [section]: now } } };
    }
    case "?":
    case "h":
      return { choices: { ...choices, text: textView("help", "Keys", "", HELP) } };
    case "enter":
      return row === undefined
        ? { choices }
        : { choices: { ...choices, text: textView("details", titleOf(section, row), row.id, []) } };
    case "d":
      return row === undefined ? { choices } : diagnose(choices, section, row, shown);
    case "l":
      return row === undefined ? { choices } : log(choices, section, row, shown);
    default: {
      const index = key.kind === "text" && /^[1-8]$/.test(key.text) ? Number(key.text) - 1 : -1;
      const there = sections[index];
      return { choices: there === undefined ? choices : { ...choices, section: there } };
    }
  }
}

export function textView(
  kind: TextView["kind"],
  title: string,
  id: string,
  lines: readonly string[],
): TextView {
  return { kind, title, id, lines, offset: 0, follows: kind === "log" };
}

function titleOf(section: Section, row: AnyRow): string {
  return `${tableOf(section).title}: ${
    columnsOfSection(section)[section === "calls" ? 1 : 0]!.value(row, 0)
  }`;
}

function diagnose(
  choices: Choices,
  section: Section,
  row: AnyRow,
  shown: Shown,
): { choices: Choices; effect?: Effect } {
  const refused = (note: string) => ({ choices: { ...choices, note } });
  if (shown.hello?.diagnosis !== true) return refused("There is nothing to diagnose here.");
  const of = (subject: "workspace" | "controlplane" | "provisioner", namespace: string, name: string) => ({
    choices: {
      ...choices,
      text: textView("diagnosis", `Diagnosis of ${namespace}/${name}`, row.id, ["Looking…"]),
    },
    effect: { kind: "diagnose", subject, namespace, name } as const,
  });
  const { namespace = "", name = "", workspace = "" } = row as unknown as Record<string, string>;
  if (section === "workspaces") return of("workspace", namespace, name);
  if (section === "builds") return of("workspace", namespace, workspace);
  if (section === "controlplanes") return of("controlplane", namespace, name);
  if (section === "provisioners") return of("provisioner", namespace, name);
  return refused("Workspaces, builds, control planes and provisioners can be diagnosed.");
}

function log(
  choices: Choices,
  section: Section,
  row: AnyRow,
  shown: Shown,
): { choices: Choices; effect?: Effect } {
  const { namespace = "", name = "", workspace = "" } = row as unknown as Record<string, string>;
  const isBuild = section === "builds";
  if (shown.hello?.diagnosis !== true || (section !== "workspaces" && !isBuild)) {
    return { choices: { ...choices, note: "Workspaces and builds have logs." } };
  }
  const build = isBuild ? (row as BuildRow).number : undefined;
  const of = isBuild ? workspace : name;
  const title = `Log of ${build === undefined ? "the latest build" : `build ${build}`} of ${namespace}/${of}`;
  return {
    choices: { ...choices, text: textView("log", title, row.id, []) },
    effect: { kind: "log", namespace, workspace: of, build },
  };
}
