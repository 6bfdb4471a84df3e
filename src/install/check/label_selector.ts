/** Label selectors in their object form. */
import { z } from "zod";

const requirement = z.object({
  key: z.string(),
  operator: z.string(),
  values: z.array(z.string()).nullish().transform((values) => values ?? []),
});

/** What is no selector selects all, as an empty one does. */
export const selector = z.object({
  matchLabels: z.record(z.string(), z.string()).catch({}),
  matchExpressions: z.array(requirement).catch([]),
}).catch({ matchLabels: {}, matchExpressions: [] });

/** Whether it selects what has these labels. An operator that is not known selects. */
export function matchesLabels(
  { matchLabels, matchExpressions }: z.infer<typeof selector>,
  labels: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values }) => {
      const value = labels[key];
      if (operator === "In") return value !== undefined && values.includes(value);
      if (operator === "NotIn") return value === undefined || !values.includes(value);
      if (operator === "Exists") return value !== undefined;
      return operator !== "DoesNotExist" || value === undefined;
    });
}
