/** Label selectors, as the API server reads them. */
import { list, record, text, textRecord, texts } from "../foreign.ts";

/** Whether labels match. An empty selector matches all; one that cannot be read matches none. */
export function isSelected(selector: unknown, labels: Readonly<Record<string, string>>): boolean {
  const { matchLabels, matchExpressions } = record(selector);
  if (!Object.entries(textRecord(matchLabels)).every(([key, value]) => labels[key] === value)) return false;
  return list(matchExpressions).map(record).every(({ key, operator, values }) => {
    const value = labels[text(key)];
    switch (operator) {
      case "In":
        return value !== undefined && texts(values).includes(value);
      case "NotIn":
        return value === undefined || !texts(values).includes(value);
      case "Exists":
        return value !== undefined;
      case "DoesNotExist":
        return value === undefined;
      default:
        return false;
    }
  });
}
