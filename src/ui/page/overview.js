/**
 * The first page: every section in some numbers, and what should be looked at.
 *
 * @typedef {import("../types.ts").Section} Section
 * @typedef {import("./model.js").Model} Model
 * @typedef {import("./model.js").SectionModel} SectionModel
 */
import { button, h, setText, stateMark } from "./dom.js";
import { isIll } from "./sections.js";
import { number, oneLine } from "./text.js";

/** What should be looked at is of these; a call that failed is nothing to mend. */
const LOOKED_AT =
  /** @type {readonly Section[]} */ (["controlplanes", "provisioners", "workers", "builds", "workspaces"]);
/** More of one section are a number. */
const MOST = 10;
const STATES = 6;

export class Overview {
  #model;
  #open;
  /** @type {Map<Section, { card: HTMLElement, seen: string }>} */
  #cards = new Map();
  #list = h("ul", { class: "cards" });
  #ill = h("ul", { class: "ill" });
  #well = h("p", { class: "muted" });
  #seen = "";

  /** @param {Model} model @param {(section: SectionModel, id: string, diagnose: boolean) => void} open */
  constructor(model, open) {
    this.#model = model;
    this.#open = open;
    this.element = h(
      "section",
      { attributes: { "aria-labelledby": "title" } },
      h("h2", { attributes: { id: "title", tabindex: "-1" } }, "Overview"),
      this.#list,
      h("h3", {}, "Worth a look"),
      this.#well,
      this.#ill,
    );
  }

  measure() {
    this.render();
  }

  scrolled() {}

  render() {
    const { shown } = this.#model.state;
    for (const [section, { card }] of this.#cards) {
      if (shown.includes(section)) continue;
      card.remove();
      this.#cards.delete(section);
    }
    for (const section of shown) this.#card(this.#model.of(section));
    this.#renderIll();
  }

  /** @param {string} id `<section>/<id of the row>` */
  focusRow(id) {
    const stops = [...this.#ill.querySelectorAll("button")];
    const found = stops.find((stop) => stop.dataset["row"] === id);
    (found ?? /** @type {HTMLElement | null} */ (this.element.querySelector("h2")))?.focus();
  }

  /** @param {SectionModel} section */
  #card({ section, how, view, state }) {
    const facets = view.facets;
    const seen = JSON.stringify([facets, state.problem, state.complete]);
    const old = this.#cards.get(section);
    if (old?.seen === seen) return;
    const card = old?.card ?? h("li", { class: "card" });
    const link = card.querySelector("a") ?? h("a", { attributes: { href: `#${section}` } }, how.title);
    const states = h("ul", { class: "states" });
    for (const [facet, count] of facets.slice(0, STATES)) {
      const mark = stateMark(oneLine(facet, 60), how.facetTone(facet));
      states.append(h("li", {}, h("span", { class: "count" }, number(count)), " ", mark));
    }
    const total = state.complete || view.total > 0 ? number(view.total) : "…";
    const heading = card.querySelector("h3") ?? h("h3", {}, link);
    card.replaceChildren(
      heading,
      h("p", { class: "total" }, total),
      ...(facets.length > 0 ? [states] : []),
      ...(state.problem === "" ? [] : [h("p", { class: "problem" }, oneLine(state.problem, 300))]),
    );
    if (old === undefined) this.#list.append(card);
    this.#cards.set(section, { card, seen });
  }

  #renderIll() {
    const sections = LOOKED_AT.filter((section) => this.#model.state.shown.includes(section))
      .map((section) => this.#model.of(section));
    const isKnown = sections.every(({ state }) => state.complete || state.problem !== "");
    const count = sections.reduce((sum, { ill }) => sum + ill.size, 0);
    setText(this.#well, count > 0 ? "" : isKnown ? "Nothing: all that is shown here is well." : "Loading…");
    const seen = JSON.stringify(
      sections.map(({ section, ill }) => [section, ill.size, [...ill.values()].slice(0, MOST)]),
    );
    if (seen === this.#seen) return;
    this.#seen = seen;
    const active = document.activeElement;
    const focused = active instanceof HTMLElement && this.#ill.contains(active)
      ? active.dataset["row"]
      : undefined;
    this.#ill.replaceChildren(...sections.flatMap((section) => this.#items(section)));
    if (focused !== undefined) this.focusRow(focused);
  }

  /** @param {SectionModel} section @returns {Node[]} */
  #items(section) {
    const { how, ill, state: { rows } } = section;
    const items = [...ill.values()].slice(0, MOST).map((row) => {
      const tone = how.tone(row);
      const attributes = { "data-row": `${section.section}/${row.id}` };
      const can = this.#model.state.diagnosis && how.subject(row) !== undefined && isIll(tone) &&
        rows.has(row.id);
      const name = how.name(row) || oneLine(row.id, 200);
      return h(
        "li",
        {},
        h("span", { class: "kind muted" }, how.noun[0]),
        button(name, () => this.#open(section, row.id, false), { class: "open", attributes }),
        stateMark(how.facet(row), tone),
        h("span", { class: "why muted" }, h("bdi", {}, whyOf(section, row))),
        can
          ? button("Diagnose", () => this.#open(section, row.id, true), {
            attributes: { ...attributes, "aria-label": `Diagnose ${name}` },
          })
          : undefined,
      );
    });
    const rest = ill.size - items.length;
    if (rest > 0) {
      const words = `${number(rest)} more ${how.noun[rest === 1 ? 0 : 1]}`;
      items.push(h("li", {}, h("a", { attributes: { href: `#${section.section}` } }, words)));
    }
    return items;
  }
}

/** @param {SectionModel} section @param {import("./state.js").Row} row */
function whyOf({ how }, row) {
  return how.columns.find((column) => column.kind === "note")?.text(row) ?? "";
}
