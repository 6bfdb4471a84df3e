/**
 * What tests do inside of the browser. Each function is sent there as its own text: it knows nothing of this file, and its
 * arguments and what it gives are data.
 */

/** @param {string} selector @returns {string} what is seen of the first such element, on one line */
export function seen(selector) {
  return (document.querySelector(selector)?.innerText ?? "").replace(/\s+/g, " ").trim();
}

/** @param {string} selector @returns {string[]} */
export function seenAll(selector) {
  return [...document.querySelectorAll(selector)].map((one) =>
    (one.innerText ?? "").replace(/\s+/g, " ").trim()
  );
}

/** @param {string} selector @param {string} pattern @param {string} flags @returns {boolean} */
export function matches(selector, pattern, flags) {
  const text = (document.querySelector(selector)?.innerText ?? "").replace(/\s+/g, " ").trim();
  return new RegExp(pattern, flags).test(text);
}

/** @returns {Promise<void>} after what was asked to be painted is */
export function twoFrames() {
  return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve())));
}

/** A click as the keyboard makes it, wherever the element is. @param {string} selector @param {string} [text] that it has */
export function clickOn(selector, text = "") {
  [...document.querySelectorAll(selector)].find((one) => one.textContent.includes(text)).click();
}

/** @param {string} section @returns {boolean} */
export function isAt(section) {
  return document.querySelector("#sections a[aria-current]")?.getAttribute("href") === `#${section}`;
}

/** @param {string} section @returns {boolean} whether it is said how many rows it has */
export function isCounted(section) {
  return /\d/.test(document.querySelector(`#sections a[href="#${section}"] .count`)?.textContent ?? "");
}

/** @param {string} selector */
export function mark(selector) {
  for (const one of document.querySelectorAll(selector)) one.dataset.mark = "old";
}

/** @param {string} selector @returns {number} */
export function countMarked(selector) {
  return [...document.querySelectorAll(selector)].filter((one) => one.dataset.mark === "old").length;
}

/** @param {string} selector @param {string} name @returns {string | null} */
export function attribute(selector, name) {
  return document.querySelector(selector)?.getAttribute(name) ?? null;
}

/** @param {string} selector @param {boolean} isThere @returns {boolean} */
export function isPresent(selector, isThere) {
  return (document.querySelector(selector) !== null) === isThere;
}

/** @returns {{ elements: number, text: string, title: string }} what hostile text could have made */
export function harm() {
  const attributes = [...document.querySelectorAll("*")].flatMap((one) =>
    [...one.attributes].map(({ value }) => value)
  );
  return {
    elements:
      document.querySelectorAll("img, script:not([src]), iframe, [onerror], a[href^=javascript]").length,
    text: document.body.innerText + attributes.join(),
    title: document.title,
  };
}

/** Collects what the page's policy forbids. */
export function watchPolicy() {
  globalThis.policyFaults = [];
  addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) => {
    globalThis.policyFaults.push(`policy: ${violatedDirective} ${blockedURI} ${sample}`);
  });
}

/** @returns {string[]} */
export function policyFaults() {
  return globalThis.policyFaults ?? [];
}

/** @returns {boolean} whether the end of the log is in sight */
export function isLogAtEnd() {
  const box = document.querySelector(".log");
  return box.scrollTop + box.clientHeight >= box.scrollHeight - 24;
}

/** What has the focus, in words. @returns {string} */
export function focused() {
  const one = document.activeElement;
  if (one === null || one === document.body) return "";
  const name = one.getAttribute("aria-label") ?? one.innerText ?? "";
  return `${one.tagName.toLowerCase()}${one.id === "" ? "" : `#${one.id}`} ${name}`.replace(/\s+/g, " ")
    .trim();
}

/** Whether what has the focus is in the window, and shows that it has it. @returns {{ inSight: boolean, isMarked: boolean }} */
export function focusShown() {
  const one = document.activeElement;
  const { top, bottom, width, height } = one.getBoundingClientRect();
  const { outlineStyle, outlineWidth } = getComputedStyle(one);
  return {
    inSight: width > 0 && height > 0 && top >= 0 && bottom <= innerHeight,
    isMarked: outlineStyle !== "none" && parseFloat(outlineWidth) >= 1,
  };
}

/** How far the page, and anything in it that people cannot scroll, is wider than the window. @returns {string[]} */
export function tooWide() {
  const width = document.documentElement.clientWidth;
  const found = document.documentElement.scrollWidth > width
    ? [`page ${document.documentElement.scrollWidth}`]
    : [];
  for (const one of document.body.querySelectorAll("*")) {
    if (one.closest(".unseen, .skip, .log, dialog:not([open])") !== null) continue;
    let isCut = false;
    for (let box = one.parentElement; box !== null && box !== document.body; box = box.parentElement) {
      isCut ||= getComputedStyle(box).overflowX === "hidden";
    }
    if (isCut) continue;
    const { left, right, width: own } = one.getBoundingClientRect();
    if (own > 0 && (right > width + 1 || left < -1)) {
      found.push(`${one.tagName}.${one.className} ${left}–${right}`);
    }
  }
  return found.slice(0, 5);
}

/** @returns {{ session: string, local: number, cookie: string, address: string, history: number }} what is kept where */
export function kept() {
  return {
    session: JSON.stringify({ ...sessionStorage }),
    local: localStorage.length,
    cookie: document.cookie,
    address: location.href,
    history: history.length,
  };
}

/** @param {number} y */
export function scrollToY(y) {
  scrollTo(0, y);
}

/**
 * What axe, which must be on the page, finds wrong.
 *
 * @returns {Promise<{ passes: string[], violations: { id: string, nodes: string[] }[] }>} what it has looked at, and what is wrong
 */
export async function axeFindings() {
  const { passes, violations } = await globalThis.axe.run(document);
  return {
    passes: passes.map(({ id }) => id),
    violations: violations.map(({ id, nodes }) => ({
      id,
      nodes: nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`),
    })),
  };
}

/** Spoils the page for whoever cannot see it, or not well. */
export function spoil() {
  const field = document.createElement("input");
  const words = document.createElement("p");
  words.textContent = "hard to read";
  words.style.color = "#bbb";
  words.style.background = "#fff";
  document.querySelector("main").append(field, words);
}

/** Nothing has the focus; Tab begins at the top. */
export function blur() {
  scrollTo(0, 0);
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
}

/** @param {string} selector @returns {number} stops of the Tab key in it */
export function countStops(selector) {
  return [...document.querySelectorAll(`${selector} button, ${selector} a, ${selector} [tabindex]`)]
    .filter((one) => one.tabIndex >= 0 && !one.hidden).length;
}

/** @param {string} selector @param {string} name @returns {string[]} */
export function attributes(selector, name) {
  return [...document.querySelectorAll(selector)].map((one) => one.getAttribute(name) ?? "");
}

/** @param {string} selector @param {...string} words @returns {boolean} */
export function saysAll(selector, ...words) {
  const text = document.querySelector(selector)?.textContent ?? "";
  return words.every((word) => text.includes(word));
}

/** @param {string} selector @returns {boolean} */
export function hasOutline(selector) {
  const { outlineStyle, outlineWidth } = getComputedStyle(document.querySelector(selector));
  return outlineStyle !== "none" && parseFloat(outlineWidth) > 0;
}

/** @returns {number} */
export function animations() {
  return document.getAnimations().length;
}

/** Rows whose text is higher than they are, or that are over each other. @returns {string[]} */
export function misfits() {
  const found = [];
  let end = -Infinity;
  for (const row of document.querySelectorAll("tbody tr")) {
    const { top, bottom } = row.getBoundingClientRect();
    if (top < end - 1) found.push(`${row.getAttribute("aria-rowindex")} begins before the one above ends`);
    end = bottom;
    for (const cell of row.children) {
      const box = cell.getBoundingClientRect();
      if (box.height > 0 && (box.top < top - 1 || box.bottom > bottom + 1)) {
        found.push(`${cell.className} ${cell.innerText}`);
      }
    }
  }
  return found.slice(0, 5);
}

/** @param {string} size of letters, as browsers can be set to */
export function letters(size) {
  document.documentElement.style.fontSize = size;
  dispatchEvent(new Event("resize"));
}
