/**
 * All that is known of one row, at the side of the page: facts, conditions, a diagnosis, the log of a build.
 *
 * @typedef {import("./state.js").Row} Row
 * @typedef {import("./sections.js").SectionView} SectionView
 */
import { DiagnosisPart } from "./diagnosis.js";
import { button, byId, h, setText, stateMark, webLink } from "./dom.js";
import { LogPart } from "./log.js";
import { timeElement } from "./times.js";
import { conditionsOf, conditionTone, worstFirst } from "./tones.js";

export class Sheet {
  #api;
  #element = /** @type {HTMLDialogElement} */ (byId("sheet"));
  #title = byId("sheet-title");
  #body = byId("sheet-body");
  #facts = h("div");
  #gone = h("p", { class: "problem", attributes: { role: "status" } });
  /** @type {{ how: SectionView, section: string, row: Row } | undefined} */
  #shown = undefined;
  /** @type {DiagnosisPart | undefined} */
  #diagnosis = undefined;
  /** @type {LogPart | undefined} */
  #log = undefined;
  #closed = () => {};

  /** @param {import("./api.js").Api} api */
  constructor(api) {
    this.#api = api;
    byId("sheet-close").addEventListener("click", () => this.#element.close());
    this.#element.addEventListener("close", () => this.#onClose());
    // A click beside it closes it, as Escape does.
    this.#element.addEventListener("click", (event) => {
      if (event.target === this.#element) this.#element.close();
    });
  }

  /**
   * @param {string} section
   * @param {SectionView} how
   * @param {Row} row
   * @param {{ canDiagnose: boolean, begin?: "diagnosis" | "log", closed: () => void }} more `closed` puts the focus back
   */
  open(section, how, row, { canDiagnose, begin, closed }) {
    this.#stop();
    this.#shown = { section, how, row };
    this.#closed = closed;
    setText(this.#gone, "");
    setText(this.#title, how.name(row));
    setText(byId("sheet-kind"), how.noun[0]);
    this.#body.replaceChildren(this.#gone, this.#facts);
    this.#fill(how, row);
    const subject = how.subject(row);
    if (canDiagnose && subject !== undefined && subject.name !== "") {
      this.#diagnosis = new DiagnosisPart(this.#api, subject);
      this.#body.append(this.#diagnosis.element);
      if (begin === "diagnosis") this.#diagnosis.run();
    }
    if (canDiagnose && (section === "builds" || section === "workspaces")) {
      this.#addLog(section, row, begin === "log");
    }
    if (!this.#element.open) this.#element.showModal();
    this.#body.scrollTop = 0;
    (begin === "log" ? this.#log?.element : undefined)?.scrollIntoView?.({ block: "nearest" });
    this.#title.focus();
  }

  /** The row has changed, or is gone (undefined). @param {string} section @param {string} id @param {Row | undefined} row */
  update(section, id, row) {
    const shown = this.#shown;
    if (shown === undefined || shown.section !== section || shown.row.id !== id || shown.row === row) return;
    setText(this.#gone, row === undefined ? "It is gone. This is what was known last." : "");
    if (row === undefined) return;
    shown.row = row;
    this.#fill(shown.how, row);
  }

  /** The row that is shown. */
  get shown() {
    return this.#shown === undefined ? undefined : { section: this.#shown.section, id: this.#shown.row.id };
  }

  close() {
    if (this.#element.open) this.#element.close();
  }

  /** @param {string} section @param {Row} row @param {boolean} begin */
  #addLog(section, row, begin) {
    const build = section === "builds" ? Number(row["number"]) : undefined;
    const [namespace, workspace] = [row["namespace"], row[section === "builds" ? "workspace" : "name"]];
    if (typeof namespace !== "string" || typeof workspace !== "string") return;
    if (build !== undefined && !Number.isSafeInteger(build)) return;
    const log = this.#log = new LogPart(this.#api, { namespace, workspace, build });
    if (begin) {
      this.#body.append(log.element);
      log.run();
      return;
    }
    const ask = button(build === undefined ? "Show the log of its latest build" : "Show its log", () => {
      ask.parentElement?.replaceWith(log.element);
      log.run();
      log.element.querySelector("h3")?.setAttribute("tabindex", "-1");
      log.element.querySelector("h3")?.focus();
    });
    this.#body.append(h("p", { class: "actions" }, ask));
  }

  /** @param {SectionView} how @param {Row} row */
  #fill(how, row) {
    const list = h("dl", { class: "facts" });
    const tone = how.tone(row);
    for (const column of [...how.columns, ...how.details]) {
      const text = column.text(row);
      if (text === "" || column.id === "conditions") continue;
      const value = column.kind === "state"
        ? stateMark(text, tone)
        : column.kind === "time"
        ? timeElement(text)
        : column.kind === "link"
        ? webLink(text)
        : h("bdi", {}, text);
      list.append(h("dt", {}, column.label), h("dd", {}, value));
    }
    this.#facts.replaceChildren(list);
    const conditions = worstFirst(conditionsOf(row["conditions"]));
    if (conditions.length === 0) return;
    const items = conditions.map((condition) =>
      h(
        "li",
        {},
        h(
          "p",
          {},
          h("strong", {}, condition.type),
          " ",
          stateMark(condition.status, conditionTone(condition)),
          " ",
          condition.since === "" ? undefined : timeElement(condition.since),
        ),
        h(
          "p",
          { class: "muted" },
          [condition.reason, condition.message].filter((one) => one !== "").join(": "),
        ),
      )
    );
    this.#facts.append(h("h3", {}, "Conditions"), h("ul", { class: "conditions" }, ...items));
  }

  #stop() {
    this.#diagnosis?.stop();
    this.#log?.stop();
    this.#diagnosis = undefined;
    this.#log = undefined;
  }

  #onClose() {
    this.#stop();
    this.#shown = undefined;
    this.#body.replaceChildren();
    const closed = this.#closed;
    this.#closed = () => {};
    closed();
  }
}
