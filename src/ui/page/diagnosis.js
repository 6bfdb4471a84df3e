/**
 * A diagnosis where one looks: asked for, and shown in place.
 *
 * @typedef {import("./sections.js").Subject} Subject
 */
import { wordsOfError } from "./api.js";
import { button, h } from "./dom.js";
import { clean, oneLine } from "./text.js";

/** More causes and steps than these help nobody. */
const MOST = 20;

/**
 * @typedef {{ title: string, why: string, certainty: string, steps: string[] }} Cause
 * @typedef {{ summary: string, causes: Cause[] }} Diagnosis
 */

/** Of anything that was answered. @param {any} answer @returns {Diagnosis} */
export function diagnosisOf(answer) {
  /** @param {unknown} value @returns {any[]} */
  const list = (value) => Array.isArray(value) ? value.slice(0, MOST) : [];
  return {
    summary: clean(answer?.summary) || "The server found no words for it.",
    causes: list(answer?.causes).map((cause) => ({
      title: oneLine(cause?.title),
      why: clean(cause?.why),
      certainty: oneLine(cause?.certainty, 100),
      steps: list(cause?.steps).map((step) => clean(step)).filter((step) => step !== ""),
    })),
  };
}

export class DiagnosisPart {
  #api;
  #subject;
  #abort = new AbortController();
  #body = h("div", { attributes: { "aria-live": "polite" } });
  #ask = button("Diagnose", () => this.run(), { class: "primary" });

  /** @param {import("./api.js").Api} api @param {Subject} subject */
  constructor(api, subject) {
    this.#api = api;
    this.#subject = subject;
    this.element = h(
      "section",
      { class: "diagnosis", attributes: { "aria-labelledby": "diagnosis-title" } },
      h("h3", { attributes: { id: "diagnosis-title" } }, "Diagnosis"),
      h("p", { class: "actions" }, this.#ask),
      this.#body,
    );
  }

  async run() {
    this.#abort.abort();
    const abort = this.#abort = new AbortController();
    this.#ask.textContent = "Diagnose again";
    this.#body.setAttribute("aria-busy", "true");
    this.#body.replaceChildren(h("p", { class: "muted" }, "Looking at Coder and Kubernetes…"));
    /** @type {(Node | undefined)[]} */
    let shown;
    try {
      const response = await this.#api.get("api/diagnosis", {
        query: { ...this.#subject },
        signal: abort.signal,
      });
      shown = parts(diagnosisOf(await response.json()));
    } catch (error) {
      shown = [h("p", { class: "problem" }, `It could not be diagnosed. ${wordsOfError(error)}`)];
    }
    if (abort.signal.aborted) return;
    this.#body.replaceChildren(...shown.filter((one) => one !== undefined));
    this.#body.removeAttribute("aria-busy");
  }

  stop() {
    this.#abort.abort();
  }
}

/** @param {Diagnosis} diagnosis @returns {(Node | undefined)[]} */
function parts({ summary, causes }) {
  const list = h("ol", { class: "causes" });
  for (const { title, why, certainty, steps } of causes) {
    list.append(h(
      "li",
      {},
      h(
        "h4",
        {},
        h("bdi", {}, title),
        " ",
        certainty === "" ? undefined : h("span", { class: "tag" }, certainty),
      ),
      why === "" ? undefined : h("p", { class: "lines" }, why),
      steps.length === 0 ? undefined : h("h5", {}, "What to do"),
      steps.length === 0 ? undefined : h("ul", {}, ...steps.map((step) => h("li", { class: "lines" }, step))),
    ));
  }
  return [h("p", { class: "lines" }, summary), causes.length > 0 ? list : undefined];
}
