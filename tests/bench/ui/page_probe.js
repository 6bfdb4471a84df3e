/** What the benchmark of the page measures inside of the browser; sent there as text. Times are of `performance.now()`. */

/** Before the page's own scripts: notes when bytes came, when rows were seen, and when what changed was painted. */
export function install() {
  const probe = { read: 0, firstRow: 0, complete: 0, painted: [], waiting: undefined };
  globalThis.probe = probe;
  const read = ReadableStreamDefaultReader.prototype.read;
  ReadableStreamDefaultReader.prototype.read = async function () {
    const result = await read.call(this);
    probe.read = performance.now();
    return result;
  };
  const channel = new MessageChannel();
  // A message that is posted in a frame comes after that frame is painted.
  channel.port1.onmessage = () => {
    const now = performance.now();
    if (probe.firstRow === 0 && document.querySelector("tbody tr") !== null) probe.firstRow = now;
    if (probe.complete === 0 && document.querySelector("table")?.getAttribute("aria-rowcount") === "10001") {
      probe.complete = now;
    }
    if (
      probe.waiting !== undefined &&
      document.querySelector(probe.waiting.selector)?.innerText.includes(probe.waiting.text)
    ) {
      probe.waiting.done(now);
      probe.waiting = undefined;
    }
  };
  new MutationObserver(() => channel.port2.postMessage(0)).observe(document, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
  });
}

/** @returns {{ firstRow: number, complete: number }} milliseconds after the navigation began; 0: not yet */
export function loaded() {
  return { firstRow: globalThis.probe.firstRow, complete: globalThis.probe.complete };
}

/**
 * Waits until an element has a text, painted.
 *
 * @param {string} selector @param {string} text
 * @returns {Promise<number>} milliseconds since the last bytes came
 */
export function changed(selector, text) {
  return new Promise((resolve) => {
    globalThis.probe.waiting = { selector, text, done: (now) => resolve(now - globalThis.probe.read) };
  });
}

/**
 * Does something to the page, and waits until an element has a text, painted.
 *
 * @param {string} what `search`, `sort` or `scroll` @param {string} value @param {string} selector @param {string} text
 * @returns {Promise<number>} milliseconds
 */
export function acted(what, value, selector, text) {
  return new Promise((resolve) => {
    const since = performance.now();
    globalThis.probe.waiting = { selector, text, done: (now) => resolve(now - since) };
    if (what === "scroll") return scrollTo(0, Number(value));
    if (what === "sort") return document.querySelector(`th[data-column="${value}"] button`).click();
    const field = document.querySelector("#search");
    field.value = value;
    field.dispatchEvent(new Event("input"));
  });
}

/** @returns {boolean} */
export function isLoaded() {
  return globalThis.probe.firstRow > 0 && globalThis.probe.complete > 0;
}

/** @returns {Promise<void>} when a change is waited for */
export async function isWaiting() {
  while (globalThis.probe.waiting === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
}
