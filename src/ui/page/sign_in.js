/**
 * Asking who somebody is.
 *
 * @typedef {import("../types.ts").PageConfig} PageConfig
 */
import { pastedToken } from "./credentials.js";
import { button, byId, h } from "./dom.js";
import { oneLine } from "./text.js";

/**
 * @typedef {object} SignInActs
 * @property {(token: string, keep: boolean) => void} paste
 * @property {(keep: boolean) => Promise<void>} oidc leaves the page; throws where it cannot
 */

export class SignInForm {
  #place = byId("sign-in");
  #acts;

  /** @param {SignInActs} acts */
  constructor(acts) {
    this.#acts = acts;
  }

  /**
   * @param {PageConfig} config
   * @param {string} message why it is asked, or asked anew; may be empty
   */
  show(config, message) {
    const problem = h(
      "p",
      { class: "problem", attributes: { role: "alert", id: "sign-in-problem" } },
      message,
    );
    const keep = h("input", { attributes: { type: "checkbox", id: "keep" } });
    const form = h("form", { attributes: { novalidate: "", autocomplete: "off" } });
    const { oidc } = config;
    if (oidc !== undefined) form.append(this.#oidcPart(oidc.issuer, keep, problem));
    const paste = this.#pastePart(config, keep, problem, form);
    form.append(
      paste,
      h(
        "p",
        { class: "check" },
        keep,
        h("label", { attributes: { for: "keep" } }, "Stay signed in until this tab is closed"),
      ),
    );
    form.append(
      h(
        "p",
        { class: "muted" },
        "Without that, whoever reloads this page signs in anew: what you give is kept in memory alone.",
      ),
    );
    this.#place.replaceChildren(
      h("h2", { attributes: { id: "sign-in-title", tabindex: "-1" } }, "Sign in"),
      problem,
      form,
    );
    this.#place.hidden = false;
    const first = form.querySelector("button.primary, input[type=password]");
    if (first instanceof HTMLElement) first.focus();
  }

  hide() {
    this.#place.hidden = true;
    this.#place.replaceChildren();
  }

  /**
   * @param {string} issuer
   * @param {HTMLInputElement} keep
   * @param {HTMLElement} problem
   */
  #oidcPart(issuer, keep, problem) {
    const host = URL.canParse(issuer) ? new URL(issuer).host : oneLine(issuer, 200);
    const go = button(`Sign in with ${host}`, async () => {
      go.disabled = true;
      problem.textContent = "";
      try {
        await this.#acts.oidc(keep.checked);
      } catch (error) {
        problem.textContent = error instanceof Error
          ? oneLine(error.message, 600)
          : "Signing in did not work.";
        go.disabled = false;
        go.focus();
      }
    }, { class: "primary" });
    return h("p", {}, go);
  }

  /**
   * @param {PageConfig} config
   * @param {HTMLInputElement} keep
   * @param {HTMLElement} problem
   * @param {HTMLFormElement} form
   */
  #pastePart(config, keep, problem, form) {
    const input = h("input", {
      attributes: {
        type: "password",
        id: "token",
        autocomplete: "off",
        autocapitalize: "off",
        spellcheck: "false",
        "aria-describedby": "sign-in-problem",
      },
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const pasted = pastedToken(input.value);
      if ("problem" in pasted) {
        problem.textContent = pasted.problem;
        input.focus();
        return;
      }
      input.value = "";
      this.#acts.paste(pasted.token, keep.checked);
    });
    const what = oneLine(config.token, 300) || "a token";
    const submit = h("button", {
      class: config.oidc === undefined ? "primary" : "",
      attributes: { type: "submit" },
    }, "Sign in");
    const label = config.oidc === undefined ? `Paste ${what}` : `Or paste ${what}`;
    return h("div", { class: "paste" }, h("label", { attributes: { for: "token" } }, label), input, submit);
  }
}
