/** How long to wait before the next attempt. */

const FIRST_MS = 500;
const MOST_MS = 30_000;

/**
 * Doubles with every failure, up to 30 s; half of it is by chance, so that pages that lost one server do not return at once.
 *
 * @param {number} failures in a row, from 1
 * @param {number} chance from 0 to 1
 * @returns {number} milliseconds
 */
export function backoff(failures, chance) {
  const whole = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 16));
  return Math.round(whole / 2 + (whole / 2) * chance);
}

/**
 * What a server asked for, within reason.
 *
 * @param {string | null} header seconds, or a date
 * @param {number} now
 * @returns {number} milliseconds; 0: nothing was asked for
 */
export function retryAfter(header, now) {
  if (header === null || header.trim() === "") return 0;
  const seconds = Number(header);
  const asked = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(header) - now;
  return Number.isFinite(asked) ? Math.min(Math.max(0, asked), 5 * 60_000) : 0;
}

/**
 * Waits, or less where `signal` or `early` says so.
 *
 * @param {number} ms
 * @param {AbortSignal} signal
 * @param {EventTarget} [early] `wake` on it ends the wait
 * @returns {Promise<void>}
 */
export function pause(ms, signal, early) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      early?.removeEventListener("wake", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
    early?.addEventListener("wake", end);
    if (signal.aborted) end();
  });
}
