/** Lengths of time as `kubectl get` shows ages: two figures where the smaller one still says something. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

interface Step {
  /** For lengths below this. */
  readonly below: number;
  readonly unit: number;
  readonly sign: string;
  /** What is shown behind the unit. */
  readonly smaller?: { readonly unit: number; readonly sign: string };
}

const STEPS: readonly Step[] = [
  { below: 2 * MINUTE, unit: SECOND, sign: "s" },
  { below: 10 * MINUTE, unit: MINUTE, sign: "m", smaller: { unit: SECOND, sign: "s" } },
  { below: 3 * HOUR, unit: MINUTE, sign: "m" },
  { below: 8 * HOUR, unit: HOUR, sign: "h", smaller: { unit: MINUTE, sign: "m" } },
  { below: 2 * DAY, unit: HOUR, sign: "h" },
  { below: 8 * DAY, unit: DAY, sign: "d", smaller: { unit: HOUR, sign: "h" } },
  { below: 2 * YEAR, unit: DAY, sign: "d" },
  { below: 8 * YEAR, unit: YEAR, sign: "y", smaller: { unit: DAY, sign: "d" } },
];
const LONGEST: Step = { below: Infinity, unit: YEAR, sign: "y" };

/** `95s`, `5m30s`, `47h`, `3d2h`, `400d`. Times a little ahead of our clock count as now. @param ms milliseconds */
export function humanDuration(ms: number): string {
  if (ms <= -2 * SECOND) return "<invalid>";
  const length = Math.max(0, ms);
  const { unit, sign, smaller } = STEPS.find(({ below }) => length < below) ?? LONGEST;
  const whole = `${Math.floor(length / unit)}${sign}`;
  const rest = smaller === undefined ? 0 : Math.floor((length % unit) / smaller.unit);
  return rest === 0 ? whole : `${whole}${rest}${smaller?.sign}`;
}

/** How long ago an RFC 3339 time was; `<unknown>` for an empty one. @param now milliseconds since 1970 */
export function ageOf(time: string, now: number): string {
  if (time === "") return "<unknown>";
  const at = Date.parse(time);
  return Number.isNaN(at) ? "<invalid>" : humanDuration(now - at);
}
