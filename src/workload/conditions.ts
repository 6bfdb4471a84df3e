/** Conditions of a status, by the rules of the Kubernetes API conventions. */
import type { Condition } from "../api/kubernetes/types.ts";

/** What a condition should say now. */
export interface ConditionUpdate {
  type: string;
  status: "True" | "False" | "Unknown";
  /** CamelCase, stable. */
  reason: string;
  message: string;
}

/** When and for what. */
export interface ConditionMoment {
  /** `metadata.generation` that was looked at. */
  generation: number;
  /** Now. */
  now: Date;
}

/** The API server's limit, in characters. */
const MAX_MESSAGE = 32_768;

/**
 * `existing` with `updates` put in and the types in `removed` taken out. New ones are appended; the time of transition
 * changes only with the status. Conditions of other types, which others may have written, stay as they are.
 */
export function withConditions(
  existing: readonly Condition[] | undefined,
  updates: readonly ConditionUpdate[],
  removed: readonly string[],
  { generation, now }: ConditionMoment,
): Condition[] {
  const result = new Map((existing ?? []).map((condition) => [condition.type, condition]));
  for (const { type, status, reason, message } of updates) {
    const before = result.get(type);
    result.set(type, {
      type,
      status,
      reason,
      message: message.slice(0, MAX_MESSAGE),
      observedGeneration: generation,
      lastTransitionTime: before?.status === status ? before.lastTransitionTime : rfc3339(now),
    });
  }
  for (const type of removed) result.delete(type);
  return [...result.values()];
}

/** The condition of a type. */
export function conditionOf(
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** Seconds are as fine as the API keeps times. */
function rfc3339(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}
