/**
 * A table of any length: only the rows in sight are elements. The page scrolls, not the table. It is a grid for the
 * keyboard: one stop of the Tab key, arrows from row to row.
 *
 * @typedef {import("./state.js").Row} Row
 * @typedef {import("./row.js").RowAction} RowAction
 * @typedef {import("./model.js").SectionModel} SectionModel
 */
import { button, h, setAttribute } from "./dom.js";
import { RowElement } from "./row.js";

/** Rows that are kept beyond both edges of the window. */
const BEYOND = 8;

export class Table {
  /** @type {Map<string, RowElement>} */
  #rows = new Map();
  /** Which row the keyboard is at, and what in it. */
  #active = { id: "", index: 0, stop: 0 };
  #height = 36;
  #model;
  #open;
  #actions;
  #head = h("tr", { attributes: { role: "row", "aria-rowindex": "1" } });
  #body = h("tbody", { attributes: { role: "rowgroup" } });
  /** As high as a row. */
  #probe = h("div", { class: "probe", attributes: { "aria-hidden": "true" } });

  /**
   * @param {SectionModel} model
   * @param {string} label id of the heading
   * @param {(row: Row) => void} open
   * @param {readonly RowAction[]} actions
   * @param {() => void} sorted called when another order was asked for
   */
  constructor(model, label, open, actions, sorted) {
    this.#model = model;
    this.#open = open;
    this.#actions = actions;
    const { columns } = model.how;
    for (const column of columns) {
      const sort = button(column.label, () => {
        const { column: now, descending } = model.view.sort;
        model.view.setSort({ column: column.id, descending: now === column.id && !descending });
        sorted();
      });
      this.#head.append(
        h("th", {
          class: column.kind,
          attributes: { role: "columnheader", scope: "col", "data-column": column.id },
        }, sort),
      );
    }
    if (actions.length > 0) {
      const name = h("span", { class: "unseen" }, "What to do");
      this.#head.append(
        h("th", { class: "actions", attributes: { role: "columnheader", scope: "col" } }, name),
      );
    }
    const table = h(
      "table",
      {
        attributes: {
          role: "grid",
          "aria-labelledby": label,
          "aria-readonly": "true",
          "aria-colcount": String(columns.length + (actions.length > 0 ? 1 : 0)),
        },
      },
      h("thead", { attributes: { role: "rowgroup" } }, this.#head),
      this.#body,
    );
    this.table = table;
    this.element = h("div", { class: "grid" }, this.#probe, table);
    const tracks = columns.map((column) => column.width);
    if (actions.length > 0) tracks.push("6.5rem");
    this.element.style.setProperty("--tracks", tracks.join(" "));
    const cells = columns.filter((column) =>
      column.kind === "text" || column.kind === "time" || column.kind === "number"
    );
    const notes = columns.filter((column) => column.kind === "note").length;
    this.element.style.setProperty(
      "--card-lines",
      String(2 + Math.ceil(cells.length / 2) + notes),
    );
    this.#body.addEventListener("keydown", (event) => this.#key(event));
    this.#body.addEventListener("focusin", (event) => this.#focused(event));
    this.#body.addEventListener("click", (event) => this.#clicked(event));
    this.#body.addEventListener("animationend", (event) => {
      if (event.target instanceof Element) event.target.classList.remove("changed");
    });
  }

  /** Measures anew: the window or the size of letters has changed. */
  measure() {
    this.#height = Math.max(16, this.#probe.offsetHeight);
  }

  /**
   * Paints the rows in sight.
   *
   * @param {ReadonlySet<string>} [changed] ids whose data is different; absent: the order may be, too
   */
  render(changed) {
    const { view } = this.#model;
    const length = view.length;
    setAttribute(this.table, "aria-rowcount", String(length + 1));
    this.#body.style.height = `${length * this.#height}px`;
    this.#headings();
    const hadFocus = this.#body.contains(document.activeElement);
    const at = view.indexOf(this.#active.id);
    if (at >= 0) this.#active.index = at;
    else this.#moveTo(Math.min(this.#active.index, length - 1));
    const wanted = this.#inSight(length, hadFocus);
    const old = this.#rows;
    /** @type {Map<string, RowElement>} */
    const next = new Map();
    /** @type {Element | null} */
    let place = this.#body.firstElementChild;
    for (const index of wanted) {
      const row = view.at(index);
      if (row === undefined) continue;
      let shown = old.get(row.id);
      if (shown === undefined) shown = new RowElement(this.#model.how, row, this.#open, this.#actions);
      else if (shown.row !== row) {
        shown.fill(row);
        if (changed?.has(row.id)) shown.flash();
      }
      next.set(row.id, shown);
      setAttribute(shown.element, "aria-rowindex", String(index + 2));
      const where = `translateY(${index * this.#height}px)`;
      if (shown.element.style.transform !== where) shown.element.style.transform = where;
      if (place === shown.element) place = place.nextElementSibling;
      else this.#body.insertBefore(shown.element, place);
    }
    for (const [id, shown] of old) if (next.get(id) !== shown) shown.element.remove();
    this.#rows = next;
    this.#rove();
    // The row that had the focus is gone: the next one has it, and nobody is thrown to the top of the page.
    if (hadFocus && !this.#body.contains(document.activeElement)) this.#focus();
  }

  /** Puts the focus on a row, if it is there. @param {string} id @returns {boolean} */
  focusRow(id) {
    const index = this.#model.view.indexOf(id);
    if (index < 0) return false;
    this.#active = { id, index, stop: 0 };
    this.#reveal();
    return true;
  }

  #headings() {
    const { column, descending } = this.#model.view.sort;
    for (const cell of this.#head.children) {
      const id = cell.getAttribute("data-column");
      if (id === null) continue;
      setAttribute(cell, "aria-sort", id === column ? (descending ? "descending" : "ascending") : "none");
    }
  }

  /** Indexes in order. @param {number} length @param {boolean} hasFocus */
  #inSight(length, hasFocus) {
    const top = this.#body.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(-top / this.#height) - BEYOND);
    const last = Math.min(length - 1, Math.ceil((globalThis.innerHeight - top) / this.#height) + BEYOND);
    /** @type {Set<number>} */
    const wanted = new Set();
    for (let index = first; index <= last; index++) wanted.add(index);
    // The one with the focus stays, wherever somebody scrolls to; so does the one that Tab would come to.
    if (length > 0 && (hasFocus || last < first)) wanted.add(Math.min(this.#active.index, length - 1));
    return [...wanted].sort((a, b) => a - b);
  }

  /** @param {number} index */
  #moveTo(index) {
    const row = this.#model.view.at(Math.max(0, index));
    this.#active = { id: row?.id ?? "", index: Math.max(0, index), stop: 0 };
  }

  /** One stop for the Tab key: where the keyboard is, or, where that is out of sight, the first row. */
  #rove() {
    const active = this.#rows.get(this.#active.id) ?? this.#rows.values().next().value;
    for (const shown of this.#rows.values()) {
      const { stops } = shown;
      const at = shown === active ? Math.min(this.#active.stop, stops.length - 1) : -1;
      stops.forEach((stop, index) => {
        stop.tabIndex = index === at ? 0 : -1;
      });
    }
  }

  #focus() {
    const shown = this.#rows.get(this.#active.id);
    const stops = shown?.stops ?? [];
    stops[Math.min(this.#active.stop, stops.length - 1)]?.focus({ preventScroll: true });
  }

  /** Scrolls the active row into sight, paints, and puts the focus there. */
  #reveal() {
    const top = this.#body.getBoundingClientRect().top + this.#active.index * this.#height;
    const head = this.#head.getBoundingClientRect().bottom;
    const above = Math.max(head, 0) + 4;
    const below = globalThis.innerHeight - this.#height - 8;
    if (top < above) globalThis.scrollBy(0, top - above);
    else if (top > below) globalThis.scrollBy(0, top - below);
    this.render();
    if (!this.#rows.has(this.#active.id)) {
      const row = this.#model.view.at(this.#active.index);
      if (row === undefined) return;
    }
    this.#focus();
    this.#rove();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.altKey || event.metaKey) return;
    const { length } = this.#model.view;
    const page = Math.max(1, Math.floor(globalThis.innerHeight / this.#height) - 3);
    const { index, stop } = this.#active;
    const stops = this.#rows.get(this.#active.id)?.stops.length ?? 1;
    let to = index;
    let toStop = stop;
    if (event.key === "ArrowDown") to++;
    else if (event.key === "ArrowUp") to--;
    else if (event.key === "PageDown") to += page;
    else if (event.key === "PageUp") to -= page;
    else if (event.key === "Home") event.ctrlKey ? (to = 0) : (toStop = 0);
    else if (event.key === "End") event.ctrlKey ? (to = length - 1) : (toStop = stops - 1);
    else if (event.key === "ArrowRight") toStop = Math.min(stops - 1, stop + 1);
    else if (event.key === "ArrowLeft") toStop = Math.max(0, stop - 1);
    else return;
    event.preventDefault();
    to = Math.max(0, Math.min(length - 1, to));
    const row = this.#model.view.at(to);
    if (row === undefined) return;
    this.#active = { id: row.id, index: to, stop: toStop };
    this.#reveal();
  }

  /** @param {FocusEvent} event */
  #focused(event) {
    for (const [id, shown] of this.#rows) {
      if (!(event.target instanceof HTMLElement) || !shown.element.contains(event.target)) continue;
      const stop = shown.stops.findIndex((one) => one === event.target);
      this.#active = { id, index: this.#model.view.indexOf(id), stop: Math.max(0, stop) };
      this.#rove();
    }
  }

  /** A click anywhere in a row opens it, but for one that selects text. @param {MouseEvent} event */
  #clicked(event) {
    if (!(event.target instanceof Element) || event.target.closest("button, a") !== null) return;
    if ((globalThis.getSelection()?.toString() ?? "") !== "") return;
    for (const shown of this.#rows.values()) {
      if (!shown.element.contains(event.target)) continue;
      shown.stops[0]?.focus({ preventScroll: true });
      this.#open(shown.row);
    }
  }
}
