/** Counts by state, as filters. */
import { button, h, setAttribute, setText, stateMark } from "./dom.js";
import { number, oneLine } from "./text.js";

/** More states than these are one too many to look at. */
const MOST = 24;
const ORDER = ["bad", "warn", "busy", "ok", "idle"];

export class Facets {
  /** @type {Map<string, { chip: HTMLButtonElement, count: HTMLElement }>} */
  #chips = new Map();
  #model;
  #chosen;

  /** @param {import("./model.js").SectionModel} model @param {() => void} chosen */
  constructor(model, chosen) {
    this.#model = model;
    this.#chosen = chosen;
    this.element = h("div", {
      class: "chips",
      attributes: { role: "group", "aria-label": model.how.facetLabel },
    });
  }

  render() {
    const { view, how } = this.#model;
    const counts = new Map(view.facets.slice(0, MOST));
    // One that is chosen stays, so that it can be let go.
    if (view.facet !== "" && !counts.has(view.facet)) counts.set(view.facet, 0);
    /** @param {string} facet */
    const rank = (facet) => facet === "" ? -1 : ORDER.indexOf(how.facetTone(facet));
    const names = ["", ...counts.keys()].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0));
    for (const [facet, { chip }] of this.#chips) {
      if (facet === "" || counts.has(facet)) continue;
      chip.remove();
      this.#chips.delete(facet);
    }
    let place = this.element.firstElementChild;
    for (const facet of names) {
      const { chip, count } = this.#chip(facet);
      setText(count, number(facet === "" ? view.total : counts.get(facet) ?? 0));
      setAttribute(chip, "aria-pressed", String(view.facet === facet));
      if (place === chip) place = place.nextElementSibling;
      else this.element.insertBefore(chip, place);
    }
  }

  /** @param {string} facet empty: all */
  #chip(facet) {
    const found = this.#chips.get(facet);
    if (found !== undefined) return found;
    const { view, how } = this.#model;
    const count = h("span", { class: "count" });
    const chip = button("", () => {
      this.#model.view.setFacet(view.facet === facet ? "" : facet);
      this.#chosen();
    }, { class: "chip" });
    chip.append(facet === "" ? "All" : stateMark(oneLine(facet, 60), how.facetTone(facet)), " ", count);
    const made = { chip, count };
    this.#chips.set(facet, made);
    return made;
  }
}
