/** What a server tells, read as what it should be: other servers may be of another version, or none of ours. */
import type { AnyRow } from "../board.ts";
import { conditionsOf, textOf } from "../sources/words.ts";
import {
  type ConditionView,
  type DiagnosisAnswer,
  type LogLine,
  type Rows,
  type RowsEvent,
  type Section,
  SECTIONS,
  type WatchEvent,
} from "../types.ts";

const MOST_CONDITIONS = 50;
const WORKER_STATES = ["connected", "away", "draining"];

/** A row of each section, of which the types are what is looked for. */
const PATTERNS: { readonly [S in Section]: Rows[S] } = {
  controlplanes: {
    id: "",
    namespace: "",
    name: "",
    phase: "",
    version: "",
    replicas: "",
    url: "",
    conditions: [],
  },
  workspaces: {
    id: "",
    namespace: "",
    name: "",
    owner: "",
    template: "",
    state: "",
    healthy: true,
    outdated: false,
    lastUsedAt: "",
  },
  builds: {
    id: "",
    namespace: "",
    workspace: "",
    number: 0,
    transition: "",
    state: "",
    startedAt: "",
    endedAt: "",
    message: "",
  },
  provisioners: { id: "", namespace: "", name: "", phase: "", ready: "", conditions: [] },
  jobs: { id: "", namespace: "", type: "", state: "", queue: "", createdAt: "", worker: "", message: "" },
  workers: {
    id: "",
    state: "away",
    isolation: "",
    sessions: 0,
    capacity: 0,
    processes: 0,
    memoryBytes: 0,
    version: "",
    heardAt: "",
  },
  sessions: {
    id: "",
    name: "",
    owner: "",
    state: "",
    worker: "",
    workspace: "",
    createdAt: "",
    lastUsedAt: "",
    expiresAt: "",
  },
  calls: {
    id: "",
    at: "",
    caller: "",
    tool: "",
    session: "",
    ms: 0,
    success: true,
    changed: false,
    message: "",
  },
};

/** Undefined for what means nothing here. @param name of the server-sent event */
export function readEvent(name: string, data: string): WatchEvent | undefined {
  const value = jsonOf(data);
  if (value === undefined) return undefined;
  switch (name) {
    case "hello":
      return {
        kind: "hello",
        user: textOf(value["user"], 256),
        version: textOf(value["version"], 128),
        sections: SECTIONS.filter((section) => listOf(value["sections"]).includes(section)),
        diagnosis: value["diagnosis"] === true,
        replica: textOf(value["replica"], 256),
      };
    case "rows": {
      const section = sectionIn(value["section"]);
      if (section === undefined) return undefined;
      return {
        kind: "rows",
        section,
        rows: listOf(value["rows"]).flatMap((row) => readRow(section, row)),
        removed: listOf(value["removed"]).filter((id) => typeof id === "string"),
        ...(value["reset"] === true ? { reset: true } : {}),
        ...(value["complete"] === true ? { complete: true } : {}),
      } as unknown as RowsEvent;
    }
    case "problem": {
      const section = sectionIn(value["section"]);
      return section && { kind: "problem", section, message: textOf(value["message"]) };
    }
    case "end":
      return { kind: "end", message: textOf(value["message"]) };
    default:
      return undefined;
  }
}

function readRow(section: Section, given: unknown): AnyRow[] {
  if (typeof given !== "object" || given === null) return [];
  const fields = given as Record<string, unknown>;
  if (typeof fields["id"] !== "string") return [];
  const row: Record<string, unknown> = {};
  for (const [name, standard] of Object.entries(PATTERNS[section])) {
    const value = fields[name];
    row[name] = Array.isArray(standard)
      ? listOf(value).slice(0, MOST_CONDITIONS).flatMap(readCondition)
      : typeof standard === "string"
      ? textOf(value)
      : typeof value === typeof standard
      ? value
      : standard;
  }
  if (section === "workers" && !WORKER_STATES.includes(String(row["state"]))) row["state"] = "away";
  return [row as unknown as AnyRow];
}

/** Conditions that are told have another name for when it began than those of Kubernetes. */
function readCondition(given: unknown): ConditionView[] {
  return conditionsOf([given]).map((condition) => ({
    ...condition,
    since: textOf((given as Record<string, unknown>)["since"], 64),
  }));
}

export function readDiagnosis(data: string): DiagnosisAnswer | undefined {
  const value = jsonOf(data);
  if (value === undefined || typeof value["summary"] !== "string") return undefined;
  return {
    summary: textOf(value["summary"]),
    causes: listOf(value["causes"]).slice(0, 20).map((given) => {
      const cause = (given ?? {}) as Record<string, unknown>;
      return {
        title: textOf(cause["title"]),
        why: textOf(cause["why"], 8_000),
        steps: listOf(cause["steps"]).slice(0, 20).map((step) => textOf(step)),
        certainty: textOf(cause["certainty"], 64),
      };
    }),
  };
}

export function readLine(data: string): LogLine {
  const value = jsonOf(data) ?? {};
  return {
    at: textOf(value["at"], 64),
    stage: textOf(value["stage"], 256),
    text: textOf(value["text"], 8_192),
  };
}

/** `error.message` of a refusal, or what else it says. */
export function readRefusal(body: string): string {
  const error = jsonOf(body)?.["error"];
  const message = typeof error === "object" && error !== null
    ? (error as Record<string, unknown>)["message"]
    : error;
  return textOf(typeof message === "string" ? message : body, 500).trim();
}

export function jsonOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value as Record<string, unknown> : undefined;
  } catch {
    return undefined;
  }
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function sectionIn(value: unknown): Section | undefined {
  return SECTIONS.find((section) => section === value);
}
