/** Durations in specs, in the form that cert-manager and Kubernetes use: `2160h`, `1h30m`, `300s`. */
import { type Constraints, text } from "./field.ts";

/** Empty, or hours, minutes and seconds in this order. So many digits that no reader of durations overflows. */
export const DURATION = "^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$";

/** A field that holds one, or the empty text, which means none. */
export function duration(description: string, constraints: Constraints = {}) {
  return text(description, { maxLength: 21, pattern: DURATION, ...constraints });
}

const PARTS = new RegExp(DURATION);
const UNITS_MS = [3_600_000, 60_000, 1_000];

/** Milliseconds of a text of the form {@linkcode DURATION}; undefined where it is empty or of another form. */
export function durationMs(given: string): number | undefined {
  const [whole, ...parts] = PARTS.exec(given) ?? [];
  if (whole === undefined || whole === "") return undefined;
  return parts.reduce((sum, part, i) => sum + Number.parseInt(part ?? "0") * (UNITS_MS[i] ?? 0), 0);
}
