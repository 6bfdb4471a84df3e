/**
 * How the page hangs on the server, said at its top.
 *
 * @typedef {import("./watch.js").Link} Link
 */
import { byId, setText } from "./dom.js";

const WORDS = {
  connecting: "Connecting…",
  live: "Live",
  waiting: "Not connected.",
  refused: "Refused.",
  signedOut: "Signed out.",
};

export class LinkState {
  #text = byId("link");
  #wait = byId("link-wait");
  #now = byId("link-now");
  /** @type {Link | undefined} */
  #link = undefined;

  /** @param {() => void} tryNow */
  constructor(tryNow) {
    this.#now.addEventListener("click", tryNow);
  }

  /** @param {Link | undefined} link undefined: there is none, and none is wanted */
  show(link) {
    // Between two attempts it is still not connected: who listens hears it once.
    const isRepeat = this.#link?.kind === "waiting" && link?.kind === "connecting";
    this.#link = link;
    this.#text.dataset["link"] = link?.kind ?? "none";
    const message = link !== undefined && "message" in link ? ` ${link.message}` : "";
    if (!isRepeat) setText(this.#text, link === undefined ? "" : WORDS[link.kind] + message);
    this.#now.hidden = link?.kind !== "waiting" && link?.kind !== "refused";
    this.tick();
  }

  tick() {
    const link = this.#link;
    this.#wait.hidden = link?.kind !== "waiting";
    if (link?.kind !== "waiting") return;
    const seconds = Math.max(0, Math.ceil((link.until - Date.now()) / 1_000));
    setText(this.#wait, `Trying again in ${seconds} s`);
  }
}
