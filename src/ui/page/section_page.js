/**
 * A section: its filters, its search, its table.
 *
 * @typedef {import("./model.js").SectionModel} SectionModel
 * @typedef {import("./state.js").Row} Row
 */
import { countsChanged } from "./announcer.js";
import { button, h, setText } from "./dom.js";
import { Facets } from "./facets.js";
import { Table } from "./table.js";
import { counted, oneLine } from "./text.js";

/**
 * @typedef {object} Surroundings
 * @property {(row: Row) => void} open
 * @property {readonly import("./row.js").RowAction[]} actions
 * @property {import("./announcer.js").Announcer} announcer
 */

export class SectionPage {
  #model;
  #announcer;
  #facets;
  #table;
  #problem = h("p", { class: "problem", attributes: { role: "status" } });
  #found = h("p", { class: "muted found", attributes: { role: "status" } });
  #note = h("div", { class: "hint" });
  #search = h("input", {
    attributes: {
      type: "search",
      id: "search",
      autocomplete: "off",
      spellcheck: "false",
      placeholder: "Words that a row has",
    },
  });
  #order = h("select", { attributes: { id: "order" } });
  #turn = button("", () => {
    const { column, descending } = this.#model.view.sort;
    this.#model.view.setSort({ column, descending: !descending });
    this.render();
  });
  /** What was said of the counts last. @type {ReadonlyMap<string, number> | undefined} */
  #said = undefined;
  #noteKind = "";
  #isPlanned = false;

  /** @param {SectionModel} model @param {Surroundings} surroundings */
  constructor(model, { open, actions, announcer }) {
    this.#model = model;
    this.#announcer = announcer;
    const again = () => this.render();
    this.#facets = new Facets(model, again);
    this.#table = new Table(model, "title", open, actions, again);
    this.#search.value = model.view.search;
    this.#search.addEventListener("input", () => {
      model.view.setSearch(this.#search.value);
      this.#plan();
    });
    for (const column of model.how.columns) {
      this.#order.append(h("option", { attributes: { value: column.id } }, column.label));
    }
    this.#order.addEventListener("change", () => {
      model.view.setSort({ column: this.#order.value, descending: false });
      this.render();
    });
    this.element = h(
      "section",
      { attributes: { "aria-labelledby": "title" } },
      h("h2", { attributes: { id: "title", tabindex: "-1" } }, model.how.title),
      this.#problem,
      this.#facets.element,
      h(
        "div",
        { class: "tools" },
        h("div", { class: "tool" }, h("label", { attributes: { for: "search" } }, "Search"), this.#search),
        h(
          "div",
          { class: "tool order" },
          h("label", { attributes: { for: "order" } }, "Sort by"),
          this.#order,
          this.#turn,
        ),
        this.#found,
      ),
      this.#note,
      this.#table.element,
    );
  }

  /** After it was put on the page, and whenever the window is another. */
  measure() {
    this.#table.measure();
    this.#table.render();
  }

  /** @param {ReadonlySet<string>} [changed] ids whose data is different */
  render(changed) {
    const { view, state, how } = this.#model;
    const full = state.isFull ? "There are more rows than this page keeps; some are left out. " : "";
    setText(this.#problem, full + oneLine(state.problem, 1_000));
    this.#facets.render();
    const { column, descending } = view.sort;
    if (this.#order.value !== column) this.#order.value = column;
    setText(this.#turn, descending ? "Descending" : "Ascending");
    const isNarrowed = view.search !== "" || view.facet !== "";
    setText(this.#found, isNarrowed ? `${counted(view.length, ...how.noun)} found` : "");
    this.#renderNote(isNarrowed);
    this.#table.element.hidden = view.length === 0;
    this.#table.render(changed);
    this.#tellCounts();
  }

  /** Rows that come into sight while the page is scrolled. */
  scrolled() {
    this.#table.render();
  }

  /** @param {string} id */
  focusRow(id) {
    if (!this.#table.focusRow(id)) this.element.querySelector("h2")?.focus();
  }

  /** @param {boolean} isNarrowed */
  #renderNote(isNarrowed) {
    const { view, state, how } = this.#model;
    const kind = view.length > 0
      ? (state.complete ? "" : "more")
      : view.total > 0 && isNarrowed
      ? "none"
      : state.complete
      ? "empty"
      : state.problem === ""
      ? "loading"
      : "";
    if (kind === this.#noteKind) return;
    this.#noteKind = kind;
    if (kind === "") this.#note.replaceChildren();
    else if (kind === "none") {
      const clear = button("Show all", () => {
        this.#search.value = "";
        view.setSearch("");
        view.setFacet("");
        this.render();
        this.#search.focus();
      });
      this.#note.replaceChildren(h("p", {}, "Nothing matches. "), clear);
    } else {
      const words = kind === "empty" ? how.empty : kind === "more" ? "More is on its way…" : "Loading…";
      this.#note.replaceChildren(h("p", kind === "empty" ? {} : { class: "muted" }, words));
    }
  }

  #plan() {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    requestAnimationFrame(() => {
      this.#isPlanned = false;
      this.render();
    });
  }

  #tellCounts() {
    const { view, state, how } = this.#model;
    if (!state.complete) return;
    const now = () => new Map(view.facets);
    this.#said ??= now();
    if (countsChanged(this.#said, now()) === "") return;
    this.#announcer.tell(this.#model.section, () => {
      const changed = countsChanged(this.#said ?? new Map(), now());
      this.#said = now();
      return changed === "" ? "" : `${how.title}: ${changed}.`;
    });
  }
}
