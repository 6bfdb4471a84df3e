/** Foreign data in rows: nothing is trusted to have a shape, or an end. */
import type { ConditionView } from "../types.ts";

/** Of a sentence that somebody else wrote, in characters. */
const LONGEST = 2_000;
const MOST_CONDITIONS = 50;

/** A text of the given length at most; anything else is an empty one. */
export function textOf(value: unknown, longest = LONGEST): string {
  if (typeof value !== "string") return "";
  if (value.length <= longest) return value;
  return `${value.slice(0, longest - 1).toWellFormed().replace(/\ufffd$/, "")}…`;
}

export function countOf(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

/** A time in RFC 3339 and UTC; empty for what is none. */
export function timeOf(value: unknown): string {
  const ms = typeof value === "number" ? value : typeof value === "string" ? Date.parse(value) : NaN;
  // Go's zero time means that there is none.
  if (Number.isNaN(ms) || ms <= 0 || ms > 8.64e15) return "";
  return new Date(ms).toISOString();
}

/** Conditions of a status, in their order. */
export function conditionsOf(value: unknown): ConditionView[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, MOST_CONDITIONS).flatMap((one): ConditionView[] => {
    if (typeof one !== "object" || one === null) return [];
    const { type, status, reason, message, lastTransitionTime } = one as Record<string, unknown>;
    if (typeof type !== "string" || typeof status !== "string") return [];
    return [{
      type: textOf(type, 128),
      status: textOf(status, 32),
      reason: textOf(reason, 256),
      message: textOf(message),
      since: timeOf(lastTransitionTime),
    }];
  });
}

/** `ready/wanted`, where both are known. */
export function shareOf(ready: unknown, wanted: unknown): string {
  return typeof wanted === "number" ? `${countOf(ready)}/${wanted}` : String(countOf(ready));
}
