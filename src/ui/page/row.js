/**
 * One row of a table: made once, then changed where the data has.
 *
 * @typedef {import("./sections.js").Column} Column
 * @typedef {import("./sections.js").SectionView} SectionView
 * @typedef {import("./state.js").Row} Row
 *
 * What can be done with a row, beside opening it.
 * @typedef {object} RowAction
 * @property {string} label
 * @property {(row: Row) => boolean} offered
 * @property {(row: Row) => void} run
 */
import { button, fillState, h, setAttribute, setText } from "./dom.js";
import { fillTime } from "./times.js";
import { isIll } from "./sections.js";

export class RowElement {
  /** @type {Map<string, HTMLElement>} */
  #cells = new Map();
  /** @type {[HTMLButtonElement, RowAction][]} */
  #actions = [];

  /**
   * @param {SectionView} how
   * @param {Row} row
   * @param {(row: Row) => void} open
   * @param {readonly RowAction[]} actions
   */
  constructor(how, row, open, actions) {
    this.how = how;
    this.row = row;
    this.element = h("tr", { attributes: { role: "row" } });
    for (const column of how.columns) this.element.append(this.#cell(column, open));
    if (actions.length > 0) {
      const cell = h("td", { class: "actions", attributes: { role: "gridcell" } });
      for (const action of actions) {
        const element = button(action.label, () => action.run(this.row), { attributes: { tabindex: "-1" } });
        this.#actions.push([element, action]);
        cell.append(element);
      }
      this.element.append(cell);
    }
    this.fill(row);
  }

  /** What can be focused in it, from left to right. @returns {HTMLButtonElement[]} */
  get stops() {
    return [...this.element.querySelectorAll("button")].filter((one) => !one.hidden);
  }

  /** @param {Row} row */
  fill(row) {
    this.row = row;
    const tone = this.how.tone(row);
    setAttribute(this.element, "data-ill", isIll(tone) ? tone : undefined);
    for (const column of this.how.columns) {
      const value = this.#cells.get(column.id);
      if (value !== undefined) fillValue(value, column, column.text(row), tone);
    }
    for (const [element, action] of this.#actions) {
      const isOffered = action.offered(row);
      element.hidden = !isOffered;
      if (isOffered) setAttribute(element, "aria-label", `${action.label} ${this.how.name(row)}`);
    }
  }

  /** Says for a moment that it has changed. */
  flash() {
    this.element.classList.remove("changed");
    this.element.classList.add("changed");
  }

  /** @param {Column} column @param {(row: Row) => void} open */
  #cell(column, open) {
    const value = column.kind === "name"
      ? button("", () => open(this.row), { class: "open", attributes: { tabindex: "-1" } })
      : column.kind === "state"
      ? h("span", { class: "state" })
      : column.kind === "time"
      ? h("time")
      : h("bdi");
    this.#cells.set(column.id, value);
    const label = h("span", { class: "label" }, column.label);
    return h("td", { class: column.kind, attributes: { role: "gridcell" } }, label, value);
  }
}

/**
 * @param {HTMLElement} element
 * @param {Column} column
 * @param {string} text
 * @param {import("./tones.js").Tone} tone
 */
function fillValue(element, column, text, tone) {
  if (column.kind === "state") fillState(element, text, tone);
  else if (column.kind === "time") fillTime(/** @type {HTMLTimeElement} */ (element), text);
  else setText(element, text === "" ? (column.kind === "name" ? "(no name)" : "–") : text);
}
