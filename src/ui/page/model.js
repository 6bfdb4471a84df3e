/**
 * All that the page shows, without the page: what is known, a view of each section, and what should be looked at.
 *
 * @typedef {import("../types.ts").Section} Section
 * @typedef {import("./state.js").Row} Row
 * @typedef {import("./state.js").Change} Change
 */
import { isIll, readingOf, SECTION_VIEWS } from "./sections.js";
import { SECTIONS, WatchState } from "./state.js";
import { View } from "./view.js";

export class SectionModel {
  /** What of it should be looked at, by id. @type {Map<string, Row>} */
  ill = new Map();

  /** @param {Section} section @param {import("./state.js").SectionState} state */
  constructor(section, state) {
    this.section = section;
    this.state = state;
    this.how = SECTION_VIEWS[section];
    this.view = this.#view();
  }

  /** @param {readonly Change[]} changes */
  apply(changes) {
    this.view.apply(changes);
    for (const { id, after } of changes) {
      if (after !== undefined && isIll(this.how.tone(after))) this.ill.set(id, after);
      else this.ill.delete(id);
    }
  }

  /** After the state was cleared. Filters stay. */
  clear() {
    const { search, facet, sort } = this.view;
    this.view = this.#view();
    this.view.setSort(sort);
    this.view.setSearch(search);
    this.view.setFacet(facet);
    this.ill = new Map();
  }

  #view() {
    return new View(readingOf(this.how), this.how.sort);
  }
}

/**
 * What is different since it was last painted.
 *
 * @typedef {object} Dirt
 * @property {boolean} all
 * @property {Map<Section, Set<string>>} rows ids by section
 */

export class Model {
  state = new WatchState();
  /** @type {ReadonlyMap<Section, SectionModel>} */
  sections = new Map(SECTIONS.map((section) => [section, new SectionModel(section, this.state.of(section))]));
  /** @type {Dirt} */
  #dirt = { all: true, rows: new Map() };

  /** @param {Section} section @returns {SectionModel} */
  of(section) {
    const found = this.sections.get(section);
    if (found === undefined) throw new Error(`no section ${section}`);
    return found;
  }

  /**
   * @param {string} kind
   * @param {unknown} data
   */
  apply(kind, data) {
    const outcome = this.state.apply(kind, data);
    if (outcome.kind === "hello") {
      for (const model of this.sections.values()) if (model.state.rows.size === 0) model.clear();
      this.#dirt.all = true;
    } else if (outcome.kind === "rows") {
      this.of(outcome.section).apply(outcome.changes);
      const ids = this.#dirt.rows.get(outcome.section) ?? new Set();
      for (const { id } of outcome.changes) ids.add(id);
      this.#dirt.rows.set(outcome.section, ids);
    } else if (outcome.kind === "problem") {
      this.#dirt.rows.set(outcome.section, this.#dirt.rows.get(outcome.section) ?? new Set());
    }
  }

  /** Forgets everything: nobody is signed in. */
  clear() {
    for (const state of this.state.sections.values()) state.clear();
    for (const model of this.sections.values()) model.clear();
    this.state.user = "";
    this.state.version = "";
    this.state.replica = "";
    this.state.shown = [];
    this.#dirt.all = true;
  }

  /** What has to be painted, once. @returns {Dirt} */
  takeDirt() {
    const dirt = this.#dirt;
    this.#dirt = { all: false, rows: new Map() };
    return dirt;
  }
}
