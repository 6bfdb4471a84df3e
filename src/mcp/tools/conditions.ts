/** Conditions of any status, as tools answer them. */
import { z } from "zod";

const text = () => z.string().optional();

/** One condition as the operator's kinds have it. */
export const CONDITION = z.object({
  type: z.string(),
  status: z.string(),
  reason: text(),
  message: text(),
  observedGeneration: z.int().optional(),
  lastTransitionTime: text(),
});
export type ToldCondition = z.output<typeof CONDITION>;

/** What most want to know of one. */
export const SHORT_CONDITION = CONDITION.omit({ observedGeneration: true, lastTransitionTime: true });

/** In the order in which they are stored. What is not of the expected form is left out. */
export function toldConditions(conditions: unknown): ToldCondition[] {
  if (!Array.isArray(conditions)) return [];
  return conditions.flatMap((one) => {
    const read = CONDITION.safeParse(withoutEmpty(one));
    return read.success ? [read.data] : [];
  });
}

/** Reason and message of `type`, where it is not what it should be. */
export function troubleOf(conditions: unknown, type: string, wanted = "True"): string | undefined {
  const found = toldConditions(conditions).find((condition) => condition.type === type);
  if (found === undefined || found.status === wanted) return undefined;
  return [found.reason, found.message].filter((part) => part !== undefined).join(": ");
}

function withoutEmpty(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== "" && part !== null));
}
