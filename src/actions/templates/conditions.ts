/** What a change is shown as in the status of its template. */
import type { ChangeRecord } from "./types.ts";

/** As Kubernetes has them, without the time that the front door knows. */
export interface ChangeCondition {
  readonly type: "SourceApplied";
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  /** The same without a log. */
  readonly summary: string;
  /** RFC 3339. */
  readonly lastTransitionTime: string;
}

const MOST_MESSAGE = 4_096;

/** Undefined where nothing is under way and nothing has failed: the active version is what was asked for last. */
export function conditionOf(record: ChangeRecord | undefined): ChangeCondition | undefined {
  if (record === undefined) return undefined;
  const { failure } = record;
  if (failure === undefined) {
    const message = `Version ${record.name} is being imported; it is ${
      record.hold === true ? "tried" : "promoted"
    } when that has succeeded.`;
    return {
      type: "SourceApplied",
      status: "Unknown",
      reason: "Building",
      message,
      summary: message,
      lastTransitionTime: record.at,
    };
  }
  const log = failure.log.length === 0 ? "" : ` Its log ends with:\n${failure.log.join("\n")}`;
  return {
    type: "SourceApplied",
    status: "False",
    reason: failure.reason,
    message: `${failure.message}${log}`.slice(0, MOST_MESSAGE),
    summary: failure.message.slice(0, MOST_MESSAGE),
    lastTransitionTime: failure.at,
  };
}
