/**
 * What is known, of the events that were told. Foreign data: what has not the shape of an event changes nothing.
 *
 * @typedef {import("../types.ts").Section} Section
 * @typedef {Record<string, unknown> & { id: string }} Row a row of any section; fields are looked at when they are shown
 * @typedef {{ id: string, before: Row | undefined, after: Row | undefined }} Change
 * @typedef {{ kind: "hello", cleared: boolean }
 *   | { kind: "rows", section: Section, changes: Change[] }
 *   | { kind: "problem", section: Section, message: string }
 *   | { kind: "nothing" }} Outcome
 */

/** @type {readonly Section[]} */
export const SECTIONS = [
  "controlplanes",
  "workspaces",
  "builds",
  "provisioners",
  "jobs",
  "workers",
  "sessions",
  "calls",
];

/** More rows of one section are not kept. */
export const MAX_ROWS = 50_000;

export class SectionState {
  /** @type {Map<string, Row>} */
  rows = new Map();
  /** Whether all rows have come once. */
  complete = false;
  problem = "";
  /** Whether rows were left out. */
  isFull = false;
  /**
   * The rows of a section that is told anew: they take the place of the old ones when they are complete.
   *
   * @type {Map<string, Row> | undefined}
   */
  incoming = undefined;

  clear() {
    this.rows = new Map();
    this.complete = false;
    this.problem = "";
    this.isFull = false;
    this.incoming = undefined;
  }
}

export class WatchState {
  user = "";
  version = "";
  /** Which of several processes answers; empty: it does not say. */
  replica = "";
  /** @type {readonly Section[]} */
  shown = [];
  diagnosis = false;
  /** @type {ReadonlyMap<Section, SectionState>} */
  sections = new Map(SECTIONS.map((section) => [section, new SectionState()]));

  /** @param {Section} section @returns {SectionState} */
  of(section) {
    const found = this.sections.get(section);
    if (found === undefined) throw new Error(`no section ${section}`);
    return found;
  }

  /**
   * @param {string} kind the event's name
   * @param {unknown} data its data, parsed
   * @returns {Outcome} what is different now
   */
  apply(kind, data) {
    if (!isRecord(data)) return { kind: "nothing" };
    if (kind === "hello") return this.#hello(data);
    const section = SECTIONS.find((name) => name === data["section"]);
    if (section === undefined) return { kind: "nothing" };
    const state = this.of(section);
    if (kind === "problem") {
      state.problem = textOf(data["message"]);
      return { kind: "problem", section, message: state.problem };
    }
    if (kind !== "rows") return { kind: "nothing" };
    return { kind: "rows", section, changes: takeRows(state, data) };
  }

  /** @param {Record<string, unknown>} data @returns {Outcome} */
  #hello(data) {
    const told = Array.isArray(data["sections"]) ? data["sections"] : [];
    const user = textOf(data["user"]);
    // What one person saw is not for the next one.
    const isOther = this.user !== "" && user !== this.user;
    this.user = user;
    this.version = textOf(data["version"]);
    this.replica = textOf(data["replica"]);
    this.shown = SECTIONS.filter((section) => told.includes(section));
    this.diagnosis = data["diagnosis"] === true;
    for (const [section, state] of this.sections) {
      if (isOther || !this.shown.includes(section)) state.clear();
    }
    return { kind: "hello", cleared: isOther };
  }
}

/**
 * @param {SectionState} state
 * @param {Record<string, unknown>} data
 * @returns {Change[]}
 */
function takeRows(state, data) {
  const rows = Array.isArray(data["rows"]) ? data["rows"].filter(isRow) : [];
  const removed = Array.isArray(data["removed"])
    ? data["removed"].filter((id) => typeof id === "string")
    : [];
  if (data["reset"] === true) {
    state.isFull = false;
    state.incoming = new Map();
  }
  /** @type {Change[]} */
  const changes = [];
  if (state.incoming !== undefined) {
    for (const id of removed) state.incoming.delete(id);
    for (const row of rows) put(state, state.incoming, row);
    // Before anything is shown there is nothing to keep: rows appear as they come.
    if (!state.complete) { for (const row of rows) changes.push(...upsert(state, row)); }
    if (data["complete"] === true) {
      changes.push(...replace(state, state.incoming));
      state.incoming = undefined;
      state.complete = true;
    }
    return changes;
  }
  for (const id of removed) changes.push(...remove(state, id));
  for (const row of rows) changes.push(...upsert(state, row));
  if (data["complete"] === true) state.complete = true;
  return changes;
}

/** @param {SectionState} state @param {Map<string, Row>} rows @returns {Change[]} */
function replace(state, rows) {
  /** @type {Change[]} */
  const changes = [];
  for (const id of [...state.rows.keys()]) if (!rows.has(id)) changes.push(...remove(state, id));
  for (const row of rows.values()) changes.push(...upsert(state, row));
  return changes;
}

/** @param {SectionState} state @param {string} id @returns {Change[]} */
function remove(state, id) {
  const before = state.rows.get(id);
  if (before === undefined) return [];
  state.rows.delete(id);
  return [{ id, before, after: undefined }];
}

/** @param {SectionState} state @param {Row} row @returns {Change[]} */
function upsert(state, row) {
  const before = state.rows.get(row.id);
  if (before === row || (before !== undefined && JSON.stringify(before) === JSON.stringify(row))) return [];
  return put(state, state.rows, row) ? [{ id: row.id, before, after: row }] : [];
}

/** @param {SectionState} state @param {Map<string, Row>} rows @param {Row} row */
function put(state, rows, row) {
  if (rows.size >= MAX_ROWS && !rows.has(row.id)) {
    state.isFull = true;
    return false;
  }
  rows.set(row.id, row);
  return true;
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
function isRecord(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @param {unknown} value @returns {value is Row} */
function isRow(value) {
  return isRecord(value) && typeof value["id"] === "string" && value["id"] !== "";
}

/** @param {unknown} value */
function textOf(value) {
  return typeof value === "string" ? value : "";
}
