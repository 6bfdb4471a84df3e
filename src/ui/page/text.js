// deno-lint-ignore-file no-control-regex -- they are what is looked for
/** Text of others, made harmless to look at. It only ever becomes text nodes; this is for what text alone can do. */

/** Longer ones are cut: nobody reads them, and a row has one line. */
export const MAX_TEXT = 4_000;

// Sequences for terminals: CSI, OSC (to BEL or ST), DCS and its kin, and the short ones.
const ESCAPES =
  /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[PX^_][^\u001b]*(?:\u001b\\)?|\u001b[ -/]*[0-~]|\u009b[0-?]*[ -/]*[@-~]/g;
// Controls but tab and newline; what turns the direction of writing; what nobody sees.
const UNSEEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

/** Most text is of these, and needs no second look. */
const PLAIN = /^[ -~]*$/;

/**
 * What is shown of it: without sequences for terminals, with a mark for every character that is not seen or that turns
 * others around. Anything but text and finite numbers is empty.
 *
 * @param {unknown} value
 * @param {number} [limit] characters; longer ones are cut
 * @returns {string}
 */
export function clean(value, limit = MAX_TEXT) {
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
  if (typeof value !== "string") return "";
  if (value.length <= limit && PLAIN.test(value)) return value;
  const cut = value.length > limit ? value.slice(0, limit) + "…" : value;
  return cut.replaceAll("\r\n", "\n").replace(ESCAPES, "").replace(UNSEEN, "\ufffd");
}

/**
 * The same on one line.
 *
 * @param {unknown} value
 * @param {number} [limit]
 * @returns {string}
 */
export function oneLine(value, limit = MAX_TEXT) {
  const text = clean(value, limit);
  if (PLAIN.test(text)) return text.trim();
  return text.replace(/[\s\ufffd]*\n\s*/g, " ").replaceAll("\t", " ").trim();
}

/**
 * "1 workspace", "10,000 workspaces".
 *
 * @param {number} count
 * @param {string} one
 * @param {string} many
 * @returns {string}
 */
export function counted(count, one, many) {
  return `${number(count)} ${count === 1 ? one : many}`;
}

const NUMBERS = new Intl.NumberFormat("en");

/** @param {number} value @returns {string} */
export function number(value) {
  return NUMBERS.format(value);
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** "1.5 GiB"; empty where there is nothing to say. @param {unknown} value @returns {string} */
export function bytes(value) {
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0) return "";
  let left = value;
  let unit = 0;
  while (left >= 1024 && unit < UNITS.length - 1) {
    left /= 1024;
    unit++;
  }
  return `${left >= 100 || unit === 0 ? Math.round(left) : left.toFixed(1)} ${UNITS[unit]}`;
}

/** "12 ms", "3.4 s". @param {unknown} value milliseconds @returns {string} */
export function milliseconds(value) {
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0) return "";
  return value < 1_000 ? `${Math.round(value)} ms` : `${(value / 1_000).toFixed(1)} s`;
}
