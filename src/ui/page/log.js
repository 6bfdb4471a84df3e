/** The log of a build, followed while it grows. */
import { wordsOfError } from "./api.js";
import { button, h } from "./dom.js";
import { sseEvents } from "./sse.js";
import { clean, number, oneLine } from "./text.js";

/** Older lines leave the page. */
export const MOST_LINES = 5_000;

/**
 * @typedef {{ namespace: string, workspace: string, build: number | undefined }} Build the latest, where it does not say which
 * @typedef {{ at: string, stage: string, text: string }} Line
 */

/** Of anything that was told. @param {any} value @returns {Line} */
export function lineOf(value) {
  return { at: oneLine(value?.at, 50), stage: oneLine(value?.stage, 200), text: clean(value?.text) };
}

export class LogPart {
  #api;
  #build;
  #abort = new AbortController();
  /** Those that were not painted yet. @type {Line[]} */
  #waiting = [];
  #isPlanned = false;
  #stage = "";
  #count = 0;
  #dropped = 0;
  #isFollowing = true;
  #state = h("p", { class: "muted", attributes: { role: "status" } });
  #lines = h("ol", { class: "lines" });
  #again = button("Read it again", () => this.run());
  #box = h(
    "div",
    {
      class: "log",
      attributes: { role: "log", tabindex: "0", "aria-live": "off", "aria-labelledby": "log-title" },
    },
    this.#lines,
  );

  /** @param {import("./api.js").Api} api @param {Build} build */
  constructor(api, build) {
    this.#api = api;
    this.#build = build;
    this.#again.hidden = true;
    this.element = h(
      "section",
      { attributes: { "aria-labelledby": "log-title" } },
      h(
        "h3",
        { attributes: { id: "log-title" } },
        build.build === undefined ? "Log of its latest build" : `Log of build ${number(build.build)}`,
      ),
      this.#state,
      this.#box,
      h("p", { class: "actions" }, this.#again),
    );
    // Who scrolls up wants to read; who is at the end wants to see more.
    this.#box.addEventListener("scroll", () => {
      const { scrollTop, scrollHeight, clientHeight } = this.#box;
      this.#isFollowing = scrollTop + clientHeight >= scrollHeight - 24;
    }, { passive: true });
  }

  async run() {
    this.#abort.abort();
    const abort = this.#abort = new AbortController();
    this.#lines.replaceChildren();
    this.#waiting = [];
    [this.#count, this.#dropped, this.#stage, this.#isFollowing] = [0, 0, "", true];
    this.#again.hidden = true;
    this.#say("Reading the log…");
    try {
      const why = await this.#follow(abort.signal);
      if (abort.signal.aborted) return;
      this.#say(
        why === "" ? `The log has ended: ${this.#told()}.` : `The log broke off: ${this.#told()}. ${why}`,
      );
      this.#again.hidden = why === "";
    } catch (error) {
      if (abort.signal.aborted) return;
      this.#say(`The log cannot be read on. ${wordsOfError(error)}`);
      this.#again.hidden = false;
    }
  }

  stop() {
    this.#abort.abort();
  }

  /** @param {AbortSignal} signal @returns {Promise<string>} why that was not all; empty: it was */
  async #follow(signal) {
    const { namespace, workspace, build } = this.#build;
    const query = { namespace, workspace, ...(build === undefined ? {} : { build: String(build) }) };
    const { body } = await this.#api.get("api/log", { query, accept: "text/event-stream", signal });
    this.#say("Following the log.");
    for await (const { event, data } of sseEvents(body)) {
      if (event === "end") {
        this.#paint();
        return oneLine(JSON.parse(data)?.message, 300);
      }
      if (event !== "line") continue;
      this.#waiting.push(lineOf(JSON.parse(data)));
      if (this.#isPlanned) continue;
      this.#isPlanned = true;
      setTimeout(() => this.#paint(), 50);
    }
    this.#paint();
    return "The server ended the connection.";
  }

  #paint() {
    this.#isPlanned = false;
    const news = this.#waiting.slice(-MOST_LINES);
    this.#dropped += this.#waiting.length - news.length;
    this.#count += this.#waiting.length;
    this.#waiting = [];
    const piece = document.createDocumentFragment();
    for (const { at, stage, text } of news) {
      if (stage !== this.#stage) {
        this.#stage = stage;
        piece.append(h("li", { class: "stage" }, stage));
      }
      piece.append(h("li", at === "" ? {} : { attributes: { title: at } }, text));
    }
    this.#lines.append(piece);
    while (this.#lines.childElementCount > MOST_LINES) {
      this.#lines.firstElementChild?.remove();
      this.#dropped++;
    }
    if (this.#isFollowing) this.#box.scrollTop = this.#box.scrollHeight;
  }

  #told() {
    const lines = `${number(this.#count)} ${this.#count === 1 ? "line" : "lines"}`;
    return this.#dropped === 0 ? lines : `${lines}, of which the last ${number(MOST_LINES)} are shown`;
  }

  /** @param {string} text */
  #say(text) {
    this.#state.textContent = text;
  }
}
