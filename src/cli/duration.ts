/** Durations as Go writes them (`1h30m`, `250ms`), the form of every duration flag. Milliseconds inside. */

/** Milliseconds in one of each unit, longest first: the order in which {@linkcode formatDuration} spends them. */
const UNITS: readonly (readonly [unit: string, milliseconds: number])[] = [
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
  ["us", 1e-3],
  ["µs", 1e-3],
  ["μs", 1e-3],
  ["ns", 1e-6],
];

const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;

/** What a duration looks like, for messages. */
export const DURATION_FORM = 'a duration such as "30s", "1m30s" or "250ms"';

/**
 * Reads a duration with Go's grammar: an optional sign, then numbers with units; `0` needs no unit.
 *
 * @returns milliseconds, or undefined where the text is not a duration
 */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim();
  const sign = trimmed.startsWith("-") ? -1 : 1;
  const body = /^[+-]/.test(trimmed) ? trimmed.slice(1) : trimmed;
  if (body === "0") return 0;
  if (body === "") return undefined;
  let total = 0;
  PART.lastIndex = 0;
  while (PART.lastIndex < body.length) {
    const match = PART.exec(body);
    if (match === null) return undefined;
    const [, amount, unit] = match;
    const size = UNITS.find(([name]) => name === unit)?.[1];
    if (size === undefined) return undefined;
    total += Number(amount) * size;
  }
  // Sums of fractions such as 0.1s + 0.2s carry binary noise far below a nanosecond; it must not reach messages.
  return sign * Math.round(total * 1e6) / 1e6;
}

/** Writes milliseconds as a short Go duration: `90000` is `1m30s`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return "0s";
  const parts = [milliseconds < 0 ? "-" : ""];
  let rest = Math.abs(milliseconds);
  for (const [unit, size] of UNITS.slice(0, 3)) {
    const count = Math.floor(rest / size);
    if (count > 0) parts.push(`${count}${unit}`);
    rest -= count * size;
  }
  if (rest > 0) parts.push(`${Math.round(rest * 1e6) / 1e6}ms`);
  return parts.join("");
}
