/**
 * What each section shows of a row. Rows are foreign: every field goes through a function that takes anything.
 *
 * @typedef {import("../types.ts").Section} Section
 * @typedef {import("./state.js").Row} Row
 * @typedef {import("./tones.js").Tone} Tone
 * @typedef {{ kind: string, namespace: string, name: string }} Subject
 * @typedef {"name" | "text" | "state" | "time" | "number" | "note" | "link"} ColumnKind
 */
import { bytes, clean, milliseconds, number, oneLine } from "./text.js";
import { timeOf } from "./time.js";
import { conditionsOf, phaseTone, toneOf, worstFirst } from "./tones.js";

/**
 * @typedef {object} Column
 * @property {string} id
 * @property {string} label
 * @property {ColumnKind} kind `name`: opens the row; `note`: may be long, and is left out where there is no room
 * @property {string} width of its track in the grid
 * @property {(row: Row) => string} text what is shown; of times, RFC 3339
 * @property {(row: Row) => string | number} [key] what it sorts by, if not that
 */

/**
 * @typedef {object} SectionView
 * @property {string} title
 * @property {[one: string, many: string]} noun
 * @property {readonly Column[]} columns
 * @property {readonly Column[]} details what is shown of one that is opened, beside its columns
 * @property {{ column: string, descending: boolean }} sort at first
 * @property {string} facetLabel what the filters filter by
 * @property {(row: Row) => string} facet
 * @property {(facet: string) => Tone} facetTone
 * @property {(row: Row) => Tone} tone
 * @property {(row: Row) => string} name as people know it
 * @property {(row: Row) => Subject | undefined} subject what can be diagnosed
 * @property {string} empty what to do where there is nothing
 */

/** @param {string} field @returns {(row: Row) => string} */
const field = (field) => (row) => oneLine(row[field], 1_000);

/** @param {Row} row */
const place = (row) => {
  const namespace = oneLine(row["namespace"], 300);
  return namespace === "" ? oneLine(row["name"], 300) : `${namespace}/${oneLine(row["name"], 300)}`;
};

/** @param {Row} row @param {string} field @returns {number} */
const figure = (row, field) => {
  const value = row[field];
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
};

/**
 * @param {string} id
 * @param {string} label
 * @param {ColumnKind} kind
 * @param {string} width
 * @param {Partial<Column>} [more]
 * @returns {Column}
 */
const column = (id, label, kind, width, more = {}) => ({ id, label, kind, width, text: field(id), ...more });

/** @param {string} id @param {string} label @param {string} [width] @returns {Column} */
const time = (id, label, width = "minmax(5.5rem, 0.8fr)") =>
  column(id, label, "time", width, {
    key: (row) => {
      const at = timeOf(row[id]);
      return Number.isNaN(at) ? "" : at;
    },
  });

/** @param {Row} row */
const conditions = (row) => conditionsOf(row["conditions"]);

/** @param {Row} row */
const phase = (row) => phaseTone(oneLine(row["phase"], 100), conditions(row));

/** The condition to look at first, in words. @type {Column} */
const foremost = column("conditions", "Conditions", "note", "minmax(10rem, 3fr)", {
  text: (row) => {
    const [first] = worstFirst(conditions(row));
    if (first === undefined) return "";
    const why = first.message || first.reason;
    return `${first.type}: ${first.status}${why === "" ? "" : `, ${why}`}`;
  },
});

/** @param {string} kind @returns {(row: Row) => Subject} */
const subject = (kind) => (row) => ({
  kind,
  namespace: clean(row["namespace"], 300),
  name: clean(row["name"], 300),
});

/** A running workspace whose agent is not well says "running" too. @param {Row} row */
const workspaceState = (row) => {
  const state = oneLine(row["state"], 100) || "unknown";
  return state === "running" && row["healthy"] === false ? "unhealthy" : state;
};

/** @param {string} id @returns {(row: Row) => string} */
const stateOf = (id) => (row) => oneLine(row[id], 100) || "unknown";

const NAME = "minmax(8rem, 2fr)";
const STATE = "minmax(6.5rem, 0.8fr)";

/** @type {Readonly<Record<Section, SectionView>>} */
export const SECTION_VIEWS = {
  controlplanes: {
    title: "Control planes",
    noun: ["control plane", "control planes"],
    columns: [
      column("name", "Name", "name", NAME, { text: place }),
      column("phase", "Phase", "state", STATE, { text: stateOf("phase") }),
      column("version", "Version", "text", "minmax(5rem, 1fr)"),
      column("replicas", "Ready", "text", "minmax(4rem, 0.5fr)"),
      foremost,
    ],
    details: [column("url", "Address", "link", "")],
    sort: { column: "name", descending: false },
    facetLabel: "Phase",
    facet: stateOf("phase"),
    facetTone: toneOf,
    tone: phase,
    name: place,
    subject: subject("controlplane"),
    empty:
      "There is no control plane that you may see. Apply a CoderControlPlane, or ask for the right to list them.",
  },
  workspaces: {
    title: "Workspaces",
    noun: ["workspace", "workspaces"],
    columns: [
      column("name", "Name", "name", NAME),
      column("state", "State", "state", STATE, { text: workspaceState }),
      column("owner", "Owner", "text", "minmax(5rem, 1fr)"),
      column("template", "Template", "text", "minmax(6rem, 1.5fr)", {
        text: (row) => field("template")(row) + (row["outdated"] === true ? " (outdated)" : ""),
      }),
      time("lastUsedAt", "Last used"),
      column("namespace", "Namespace", "text", "minmax(5rem, 1fr)"),
    ],
    details: [],
    sort: { column: "name", descending: false },
    facetLabel: "State",
    facet: workspaceState,
    facetTone: toneOf,
    tone: (row) => toneOf(workspaceState(row)),
    name: field("name"),
    subject: subject("workspace"),
    empty:
      "There is no workspace that you may see. Create one in Coder, or with kubectl as a CoderWorkspace.",
  },
  builds: {
    title: "Builds",
    noun: ["build", "builds"],
    columns: [
      column("workspace", "Workspace", "name", NAME),
      column("number", "Build", "number", "minmax(4rem, 0.4fr)", {
        text: (row) => `#${number(figure(row, "number"))}`,
        key: (row) => figure(row, "number"),
      }),
      column("transition", "Does", "text", "minmax(4rem, 0.5fr)"),
      column("state", "State", "state", STATE, { text: stateOf("state") }),
      time("startedAt", "Started"),
      time("endedAt", "Ended"),
      column("message", "Says", "note", "minmax(7rem, 2fr)"),
    ],
    details: [column("namespace", "Namespace", "text", "")],
    sort: { column: "startedAt", descending: true },
    facetLabel: "State",
    facet: stateOf("state"),
    facetTone: toneOf,
    tone: (row) => toneOf(stateOf("state")(row)),
    name: (row) => `${field("workspace")(row)}, build ${number(figure(row, "number"))}`,
    subject: (row) => ({
      kind: "workspace",
      namespace: clean(row["namespace"], 300),
      name: clean(row["workspace"], 300),
    }),
    empty:
      "No build runs, and none has ended in the last minutes. Start or stop a workspace to see one here.",
  },
  provisioners: {
    title: "Provisioners",
    noun: ["provisioner", "provisioners"],
    columns: [
      column("name", "Name", "name", NAME, { text: place }),
      column("phase", "Phase", "state", STATE, { text: stateOf("phase") }),
      column("ready", "Ready", "text", "minmax(4rem, 0.5fr)"),
      foremost,
    ],
    details: [],
    sort: { column: "name", descending: false },
    facetLabel: "Phase",
    facet: stateOf("phase"),
    facetTone: toneOf,
    tone: phase,
    name: place,
    subject: subject("provisioner"),
    empty:
      "There is no CoderProvisioner that you may see. Where Coder builds with provisioners of its own, none is needed.",
  },
  jobs: {
    title: "Jobs",
    noun: ["job", "jobs"],
    columns: [
      column("id", "Job", "name", NAME),
      column("type", "Type", "text", "minmax(7rem, 1fr)"),
      column("state", "State", "state", STATE, { text: stateOf("state") }),
      column("queue", "Queue", "text", "minmax(4rem, 0.5fr)"),
      time("createdAt", "Created"),
      column("worker", "Taken by", "text", "minmax(6rem, 1fr)"),
      column("message", "Says", "note", "minmax(7rem, 2fr)"),
    ],
    details: [column("namespace", "Namespace", "text", "")],
    sort: { column: "createdAt", descending: true },
    facetLabel: "State",
    facet: stateOf("state"),
    facetTone: toneOf,
    tone: (row) => toneOf(stateOf("state")(row)),
    name: (row) => `${field("type")(row)} ${field("id")(row)}`.trim(),
    subject: () => undefined,
    empty: "Provisioners have nothing to do just now.",
  },
  workers: {
    title: "Workers",
    noun: ["worker", "workers"],
    columns: [
      column("id", "Worker", "name", NAME),
      column("state", "State", "state", STATE, { text: stateOf("state") }),
      column("isolation", "Isolation", "text", "minmax(5rem, 1fr)"),
      column("sessions", "Sessions", "number", "minmax(5rem, 0.6fr)", {
        text: (row) => `${number(figure(row, "sessions"))} of ${number(figure(row, "capacity"))}`,
        key: (row) => figure(row, "sessions"),
      }),
      column("processes", "Processes", "number", "minmax(5rem, 0.6fr)", {
        text: (row) => number(figure(row, "processes")),
        key: (row) => figure(row, "processes"),
      }),
      column("memoryBytes", "Memory", "number", "minmax(5rem, 0.6fr)", {
        text: (row) => bytes(row["memoryBytes"]),
        key: (row) => figure(row, "memoryBytes"),
      }),
      column("version", "Version", "text", "minmax(4rem, 0.6fr)"),
      time("heardAt", "Heard"),
    ],
    details: [],
    sort: { column: "id", descending: false },
    facetLabel: "State",
    facet: stateOf("state"),
    facetTone: toneOf,
    tone: (row) => toneOf(stateOf("state")(row)),
    name: field("id"),
    subject: () => undefined,
    empty: "No worker has dialled in. Start one: coder-k8s worker --coordinator=…",
  },
  sessions: {
    title: "Sessions",
    noun: ["session", "sessions"],
    columns: [
      column("name", "Name", "name", NAME, { text: (row) => field("name")(row) || field("id")(row) }),
      column("state", "State", "state", STATE, { text: stateOf("state") }),
      column("owner", "Owner", "text", "minmax(5rem, 1fr)"),
      column("worker", "Where", "text", "minmax(6rem, 1.2fr)", {
        text: (row) => field("workspace")(row) || field("worker")(row),
      }),
      time("createdAt", "Created"),
      time("lastUsedAt", "Last used"),
      time("expiresAt", "Ends"),
    ],
    details: [column("id", "Id", "text", ""), column("worker", "Worker", "text", "")],
    sort: { column: "lastUsedAt", descending: true },
    facetLabel: "State",
    facet: stateOf("state"),
    facetTone: toneOf,
    tone: (row) => toneOf(stateOf("state")(row)),
    name: (row) => field("name")(row) || field("id")(row),
    subject: () => undefined,
    empty: "There is no session that you may see. A client opens one with session.create.",
  },
  calls: {
    title: "Tool calls",
    noun: ["call", "calls"],
    columns: [
      column("tool", "Tool", "name", NAME),
      time("at", "When"),
      column("success", "Result", "state", STATE, { text: callResult }),
      column("caller", "Caller", "text", "minmax(6rem, 1.2fr)"),
      column("ms", "Took", "number", "minmax(4rem, 0.5fr)", {
        text: (row) => milliseconds(row["ms"]),
        key: (row) => figure(row, "ms"),
      }),
      column("changed", "Changed", "text", "minmax(4rem, 0.5fr)", {
        text: (row) => row["changed"] === true ? "yes" : "no",
      }),
      column("message", "Says", "note", "minmax(7rem, 2fr)"),
    ],
    details: [column("session", "Session", "text", "")],
    sort: { column: "at", descending: true },
    facetLabel: "Result",
    facet: callResult,
    facetTone: toneOf,
    tone: (row) => toneOf(callResult(row)),
    name: field("tool"),
    subject: () => undefined,
    empty: "No tool was called since this replica started. Connect an MCP client to see its calls here.",
  },
};

/** @param {Row} row */
function callResult(row) {
  return row["success"] === true ? "succeeded" : "failed";
}

/** Whether somebody should look at it. @param {Tone} tone */
export function isIll(tone) {
  return tone === "bad" || tone === "warn";
}

/** How a view of a section reads its rows. @param {SectionView} section @returns {import("./view.js").Reading} */
export function readingOf(section) {
  const byId = new Map(section.columns.map((column) => [column.id, column]));
  return {
    facet: section.facet,
    text: (row) => section.columns.map((column) => column.text(row)).join("\n"),
    key: (row, id) => {
      const column = byId.get(id);
      return column === undefined ? "" : column.key?.(row) ?? column.text(row);
    },
  };
}
