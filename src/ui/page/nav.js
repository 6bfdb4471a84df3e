/** The list of sections, with how many rows each has and whether something is wrong. */
import { byId, h, setAttribute, setText } from "./dom.js";
import { number } from "./text.js";

/**
 * @typedef {import("../types.ts").Section} Section
 * @typedef {{ link: HTMLAnchorElement, count: HTMLElement, ill: HTMLElement, words: HTMLElement }} Item
 */

export class Nav {
  #model;
  #list = byId("sections");
  /** @type {Map<string, Item>} */
  #items = new Map();
  #shown = "";

  /** @param {import("./model.js").Model} model */
  constructor(model) {
    this.#model = model;
  }

  /** @param {string} current */
  render(current) {
    const { shown } = this.#model.state;
    if (shown.join() !== this.#shown) this.#build(shown);
    for (const [name, { link, count, ill, words }] of this.#items) {
      setAttribute(link, "aria-current", name === current ? "page" : undefined);
      const model = this.#model.sections.get(/** @type {Section} */ (name));
      if (model === undefined) continue;
      setText(count, model.state.complete || model.view.total > 0 ? number(model.view.total) : "");
      const wrong = model.section === "calls" ? 0 : model.ill.size;
      const sign = wrong > 0 ? `■ ${number(wrong)}` : model.state.problem === "" ? "" : "■";
      setText(ill, sign);
      setText(words, wrong > 0 ? `, ${number(wrong)} to look at` : sign === "" ? "" : ", has a problem");
    }
  }

  /** @param {readonly Section[]} shown */
  #build(shown) {
    this.#shown = shown.join();
    this.#items.clear();
    this.#list.replaceChildren(
      this.#item("", "Overview"),
      ...shown.map((section) => this.#item(section, this.#model.of(section).how.title)),
    );
  }

  /** @param {string} name @param {string} title */
  #item(name, title) {
    const count = h("span", { class: "count" });
    const ill = h("span", { class: "ill-count", attributes: { "aria-hidden": "true" } });
    const words = h("span", { class: "unseen" });
    const link = h(
      "a",
      { attributes: { href: `#${name}` } },
      h("span", { class: "name" }, title),
      " ",
      ill,
      " ",
      count,
      words,
    );
    this.#items.set(name, { link, count, ill, words });
    return h("li", {}, link);
  }
}
