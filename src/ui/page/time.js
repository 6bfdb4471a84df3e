/** Times in words. */

const STEPS = /** @type {const} */ ([
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
]);
const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "narrow" });

/** Milliseconds since 1970; NaN where it is no time. Only RFC 3339 is one. @param {unknown} text @returns {number} */
export function timeOf(text) {
  if (typeof text !== "string" || !/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text)) return NaN;
  return Date.parse(text);
}

/**
 * "12s ago", "in 3h", "just now".
 *
 * @param {number} time milliseconds since 1970
 * @param {number} now
 * @returns {string}
 */
export function relative(time, now) {
  const seconds = Math.round((time - now) / 1_000);
  const size = Math.abs(seconds);
  if (size < 5) return "just now";
  for (const [unit, length] of STEPS) {
    if (size >= length) return RELATIVE.format(Math.trunc(seconds / length), unit);
  }
  return "just now";
}

/** @param {number} time @param {string} [zone] @default the person's own @returns {string} */
export function absolute(time, zone) {
  return new Intl.DateTimeFormat("en", {
    dateStyle: "medium",
    timeStyle: "long",
    ...(zone === undefined ? {} : { timeZone: zone }),
  }).format(time);
}
