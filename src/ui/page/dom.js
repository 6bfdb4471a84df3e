/**
 * Elements. Text of others becomes text nodes and attribute values, never markup: nothing here or elsewhere on the page
 * parses HTML, and Trusted Types would refuse it.
 *
 * @typedef {string | Node | undefined} Child
 * @typedef {object} Attributes
 * @property {string} [class]
 * @property {Record<string, string | undefined>} [attributes] absent where undefined
 * @property {Record<string, (event: any) => void>} [on]
 */

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes} [how]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, how = {}, ...children) {
  const element = document.createElement(tag);
  if (how.class !== undefined) element.className = how.class;
  for (const [name, value] of Object.entries(how.attributes ?? {})) {
    if (value !== undefined) element.setAttribute(name, value);
  }
  for (const [event, listener] of Object.entries(how.on ?? {})) element.addEventListener(event, listener);
  for (const child of children) if (child !== undefined) element.append(child);
  return element;
}

/** A button that does something. @param {string} label @param {() => void} act @param {Attributes} [how] */
export function button(label, act, how = {}) {
  return h("button", {
    ...how,
    attributes: { type: "button", ...how.attributes },
    on: { click: act, ...how.on },
  }, label);
}

/** Writes only what is different: what stays is not read aloud again. @param {Node} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {Element} element @param {string} name @param {string | undefined} value absent where undefined */
export function setAttribute(element, name, value) {
  if (value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** The element of index.html with this id. @param {string} id @returns {HTMLElement} */
export function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`index.html has no element ${id}`);
  return found;
}

const SIGNS = { ok: "●", busy: "◐", warn: "▲", bad: "■", idle: "○" };

/** A state: its sign for the eye, its word for everybody. @param {string} text @param {import("./tones.js").Tone} tone */
export function stateMark(text, tone) {
  const mark = h("span", { class: "state" });
  fillState(mark, text, tone);
  return mark;
}

/** @param {HTMLElement} mark @param {string} text @param {import("./tones.js").Tone} tone */
export function fillState(mark, text, tone) {
  if (mark.dataset["tone"] === tone && mark.lastChild?.textContent === text) return;
  mark.dataset["tone"] = tone;
  mark.replaceChildren(
    h("span", { class: "sign", attributes: { "aria-hidden": "true" } }, SIGNS[tone]),
    h("bdi", {}, text),
  );
}

/** A link to elsewhere, where it is one of the web; otherwise its text. @param {string} url */
export function webLink(url) {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== "https:" && parsed?.protocol !== "http:") return h("span", {}, url);
  return h("a", { attributes: { href: parsed.href, rel: "noopener noreferrer", target: "_blank" } }, url);
}
