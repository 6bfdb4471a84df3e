/** Times on the page: in words, the whole of it as a title, and kept true while they are seen. */
import { setText } from "./dom.js";
import { absolute, relative, timeOf } from "./time.js";

/** @type {Set<HTMLTimeElement>} */
const SEEN = new Set();

/**
 * Makes an element say when that was; empty where it is no time.
 *
 * @param {HTMLTimeElement} element
 * @param {string} text RFC 3339
 */
export function fillTime(element, text) {
  if (element.dateTime === text && SEEN.has(element)) return;
  const time = timeOf(text);
  if (Number.isNaN(time)) {
    SEEN.delete(element);
    element.removeAttribute("datetime");
    element.removeAttribute("title");
    setText(element, "");
    return;
  }
  element.dateTime = text;
  element.title = absolute(time);
  setText(element, relative(time, Date.now()));
  SEEN.add(element);
}

/** @param {string} text RFC 3339 @returns {HTMLTimeElement} */
export function timeElement(text) {
  const element = document.createElement("time");
  fillTime(element, text);
  return element;
}

/** Says all of them anew, and forgets those that have left the page. */
export function tickTimes() {
  const now = Date.now();
  for (const element of SEEN) {
    if (element.isConnected) setText(element, relative(timeOf(element.dateTime), now));
    else SEEN.delete(element);
  }
}
