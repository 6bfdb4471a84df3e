/** How one aspect of an object is told. */
import type { Condition } from "../../api/kubernetes/types.ts";

/** One aspect. */
export interface Aspect {
  readonly status: boolean | "unknown";
  /** One word, as `BuildFailed`. */
  readonly reason: string;
  readonly message: string;
  /** Since when it is so, as `timeOf` has it. */
  readonly since: string;
}

/** Where no time is known. */
export const EPOCH = "1970-01-01T00:00:00Z";

export function condition(type: string, { status, reason, message, since }: Aspect): Condition {
  const word = status === "unknown" ? "Unknown" : status ? "True" : "False";
  return { type, status: word, reason, message, lastTransitionTime: since };
}

/** Longer words of Terraform's are cut: to so many characters by default. */
export function cut(text: string, most = 1_024): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).toWellFormed()}…`;
}
