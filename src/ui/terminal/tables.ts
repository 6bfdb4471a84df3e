/** Columns of each section, and how a row stands. */
import type { AnyRow } from "../board.ts";
import type { ConditionView, Rows, Section } from "../types.ts";
import { ago, bytesOf } from "./text.ts";

export type Tone = "good" | "bad" | "busy" | "none";

export interface Column<R> {
  readonly title: string;
  readonly value: (row: R, now: number) => string;
  /** By which it is sorted. @default {the value} */
  readonly by?: (row: R) => string | number;
  /** At least, and at most, in columns of the terminal. */
  readonly least: number;
  readonly most: number;
  /** Columns with larger ones go first where there is no room. */
  readonly rank: number;
  readonly align?: "right";
  /** Shows how the row stands. */
  readonly toned?: true;
}

export interface Table<S extends Section = Section> {
  readonly title: string;
  /** For narrow terminals. */
  readonly short: string;
  readonly columns: readonly Column<Rows[S]>[];
  tone(row: Rows[S]): Tone;
  /** What is said where there is nothing. */
  readonly empty: string;
  /** Sorted by this column, downwards or not, until somebody wants something else. */
  readonly sort: { readonly column: number; readonly down: boolean };
}

const GOOD = ["running", "ready", "connected", "succeeded", "true"];
const BAD = ["failed", "error", "away", "degraded", "expired"];
const BUSY = [
  "pending",
  "starting",
  "stopping",
  "deleting",
  "canceling",
  "creating",
  "draining",
  "updating",
  "progressing",
];

/** Of a state in a word. */
export function toneOf(state: string): Tone {
  const word = state.toLowerCase();
  if (GOOD.includes(word)) return "good";
  if (BAD.includes(word)) return "bad";
  return BUSY.includes(word) ? "busy" : "none";
}

/** What the condition `Ready` says against it. */
function troubleOf(conditions: readonly ConditionView[]): string {
  const ready = conditions.find(({ type }) => type === "Ready");
  return ready === undefined || ready.status === "True" ? "" : ready.message || ready.reason;
}

function conditionTone(phase: string, conditions: readonly ConditionView[]): Tone {
  const ready = conditions.find(({ type }) => type === "Ready");
  if (ready?.status === "True") return "good";
  if (ready?.status === "False") return toneOf(phase) === "busy" ? "busy" : "bad";
  return toneOf(phase);
}

function column<R>(
  title: string,
  value: Column<R>["value"],
  [least, most]: readonly [number, number],
  rank: number,
  more: Partial<Column<R>> = {},
): Column<R> {
  return { title, value, least, most, rank, ...more };
}

type Tables = { readonly [S in Section]: Table<S> };

export const TABLES: Tables = {
  controlplanes: {
    title: "Control planes",
    short: "planes",
    empty: "No control planes, or none that you may see.",
    sort: { column: 0, down: false },
    tone: ({ phase, conditions }) => conditionTone(phase, conditions),
    columns: [
      column("NAME", ({ namespace, name }) => `${namespace}/${name}`, [12, 40], 0),
      column("PHASE", ({ phase }) => phase, [7, 14], 1, { toned: true }),
      column("READY", ({ replicas }) => replicas, [5, 7], 2),
      column("VERSION", ({ version }) => version, [7, 16], 3),
      column("URL", ({ url }) => url, [10, 40], 5),
      column("TROUBLE", ({ conditions }) => troubleOf(conditions), [10, 200], 4),
    ],
  },
  workspaces: {
    title: "Workspaces",
    short: "workspaces",
    empty: "No workspaces, or none that you may see.",
    sort: { column: 0, down: false },
    tone: ({ state, healthy }) => !healthy && state === "running" ? "bad" : toneOf(state),
    columns: [
      column("NAME", ({ name }) => name, [14, 48], 0),
      column("STATE", ({ state, healthy }) => healthy ? state : `${state}, unhealthy`, [7, 18], 1, {
        toned: true,
      }),
      column("OWNER", ({ owner }) => owner, [6, 20], 3),
      column("TEMPLATE", ({ template }) => template, [8, 24], 4),
      column("USED", ({ lastUsedAt }, now) => ago(lastUsedAt, now), [4, 6], 2, {
        by: ({ lastUsedAt }) => lastUsedAt,
        align: "right",
      }),
      column("OUTDATED", ({ outdated }) => outdated ? "yes" : "", [8, 8], 6),
      column("NAMESPACE", ({ namespace }) => namespace, [9, 24], 5),
    ],
  },
  builds: {
    title: "Builds",
    short: "builds",
    empty: "Nothing is being built, and nothing was in the last ten minutes.",
    sort: { column: 3, down: true },
    tone: ({ state }) => toneOf(state),
    columns: [
      column("WORKSPACE", ({ workspace, number }) => `${workspace} #${number}`, [14, 48], 0),
      column("WHAT", ({ transition }) => transition, [6, 8], 2),
      column("STATE", ({ state, endedAt }) => endedAt === "" ? state : `${state || "over"}`, [7, 12], 1, {
        toned: true,
      }),
      column("BEGUN", ({ startedAt }, now) => ago(startedAt, now), [5, 6], 3, {
        by: ({ startedAt }) => startedAt,
        align: "right",
      }),
      column("ENDED", ({ endedAt }, now) => ago(endedAt, now), [5, 6], 4, {
        by: ({ endedAt }) => endedAt,
        align: "right",
      }),
      column("MESSAGE", ({ message }) => message, [10, 200], 5),
    ],
  },
  provisioners: {
    title: "Provisioners",
    short: "provisioners",
    empty: "No external provisioners, or none that you may see.",
    sort: { column: 0, down: false },
    tone: ({ phase, conditions }) => conditionTone(phase, conditions),
    columns: [
      column("NAME", ({ namespace, name }) => `${namespace}/${name}`, [12, 40], 0),
      column("PHASE", ({ phase }) => phase, [7, 14], 1, { toned: true }),
      column("READY", ({ ready }) => ready, [5, 7], 2),
      column("TROUBLE", ({ conditions }) => troubleOf(conditions), [10, 200], 3),
    ],
  },
  jobs: {
    title: "Jobs of provisioners",
    short: "jobs",
    empty: "No jobs of provisioners, or none that you may see.",
    sort: { column: 4, down: true },
    tone: ({ state }) => toneOf(state),
    columns: [
      column("JOB", ({ id }) => id.slice(0, 8), [8, 8], 0, { by: ({ id }) => id }),
      column("TYPE", ({ type }) => type.replaceAll("_", " "), [10, 24], 2),
      column("STATE", ({ state }) => state, [7, 10], 1, { toned: true }),
      column("QUEUE", ({ queue }) => queue, [5, 5], 5, { by: ({ queue }) => Number(queue), align: "right" }),
      column("AGE", ({ createdAt }, now) => ago(createdAt, now), [4, 6], 3, {
        by: ({ createdAt }) => createdAt,
        align: "right",
      }),
      column("WORKER", ({ worker }) => worker, [8, 24], 6),
      column("MESSAGE", ({ message }) => message, [10, 200], 4),
    ],
  },
  workers: {
    title: "Workers",
    short: "workers",
    empty: "No workers are known: start one with coder-k8s worker.",
    sort: { column: 0, down: false },
    tone: ({ state }) => toneOf(state),
    columns: [
      column("WORKER", ({ id }) => id, [10, 40], 0),
      column("STATE", ({ state }) => state, [9, 10], 1, { toned: true }),
      column("SESSIONS", ({ sessions, capacity }) => `${sessions}/${capacity}`, [8, 9], 2, {
        by: ({ sessions }) => sessions,
        align: "right",
      }),
      column("PROCESSES", ({ processes }) => String(processes), [9, 9], 4, {
        by: ({ processes }) => processes,
        align: "right",
      }),
      column("MEMORY", ({ memoryBytes }) => bytesOf(memoryBytes), [6, 8], 3, {
        by: ({ memoryBytes }) => memoryBytes,
        align: "right",
      }),
      column("HEARD", ({ heardAt }, now) => ago(heardAt, now), [5, 6], 5, {
        by: ({ heardAt }) => heardAt,
        align: "right",
      }),
      column("ISOLATION", ({ isolation }) => isolation, [9, 10], 6),
      column("VERSION", ({ version }) => version, [7, 16], 7),
    ],
  },
  sessions: {
    title: "Sessions",
    short: "sessions",
    empty: "No sessions.",
    sort: { column: 4, down: true },
    tone: ({ state }) => toneOf(state),
    columns: [
      column("SESSION", ({ name }) => name, [12, 32], 0),
      column("STATE", ({ state }) => state, [7, 8], 1, { toned: true }),
      column("OWNER", ({ owner }) => owner, [6, 24], 2),
      column("WHERE", ({ worker, workspace }) => workspace || worker, [8, 32], 3),
      column("USED", ({ lastUsedAt }, now) => ago(lastUsedAt, now), [4, 6], 4, {
        by: ({ lastUsedAt }) => lastUsedAt,
        align: "right",
      }),
      column("ENDS", ({ expiresAt, state }, now) => state === "ready" ? ago(expiresAt, now) : "", [4, 8], 5, {
        by: ({ expiresAt }) => expiresAt,
        align: "right",
      }),
      column("ID", ({ id }) => id, [21, 24], 6),
    ],
  },
  calls: {
    title: "Last calls of tools",
    short: "calls",
    empty: "No calls since this server has started.",
    sort: { column: 0, down: true },
    tone: ({ success }) => success ? "none" : "bad",
    columns: [
      column("AGO", ({ at }, now) => ago(at, now), [4, 6], 1, { by: ({ at }) => at, align: "right" }),
      column("TOOL", ({ tool }) => tool, [12, 36], 0),
      column("RESULT", ({ success, changed }) => success ? changed ? "changed" : "ok" : "failed", [7, 7], 2, {
        toned: true,
      }),
      column("CALLER", ({ caller }) => caller, [8, 40], 3),
      column("MS", ({ ms }) => String(ms), [5, 7], 4, { by: ({ ms }) => ms, align: "right" }),
      column("MESSAGE", ({ message }) => message, [10, 200], 5),
    ],
  },
};

/** The same for whichever section: what is asked of it is asked with its own rows alone. */
export function tableOf(section: Section): Table {
  return TABLES[section] as unknown as Table;
}

/** Columns of any table. */
export function columnsOfSection(section: Section): readonly Column<AnyRow>[] {
  return tableOf(section).columns as unknown as readonly Column<AnyRow>[];
}

export interface Placed {
  readonly column: Column<AnyRow>;
  /** In the table. */
  readonly index: number;
  readonly width: number;
}

/** Which columns are shown, and how wide: those of low rank always, the others where there is room. */
export function placed(section: Section, rows: readonly AnyRow[], width: number, now: number): Placed[] {
  const all = columnsOfSection(section).map((column, index) => ({ column, index }));
  const wanted = all.map(({ column, index }) => {
    let most = column.title.length;
    // Enough of them to know how wide they are.
    for (const row of rows.slice(0, 200)) most = Math.max(most, column.value(row, now).length);
    return { column, index, want: Math.min(Math.max(most, column.least), column.most) };
  });
  const chosen: typeof wanted = [];
  let left = width;
  for (const one of wanted.toSorted((a, b) => a.column.rank - b.column.rank)) {
    const gap = chosen.length === 0 ? 0 : 2;
    if (one.column.least + gap > left) {
      if (chosen.length > 0) continue;
    }
    chosen.push(one);
    left -= one.column.least + gap;
  }
  const widths = new Map(chosen.map(({ column, index }) => [index, Math.min(column.least, width)]));
  for (const { column, index, want } of chosen) {
    const more = Math.max(0, Math.min(want - column.least, left));
    widths.set(index, (widths.get(index) ?? 0) + more);
    left -= more;
  }
  return chosen.toSorted((a, b) => a.index - b.index)
    .map(({ column, index }) => ({ column, index, width: widths.get(index) ?? column.least }));
}
