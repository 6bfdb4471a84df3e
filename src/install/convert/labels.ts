/** Labels that a control plane sets on others. */
import { LABEL_VALUE } from "../../api/patterns.ts";
import type { ValueReader } from "./value_reader.ts";

/** Takes out of `labels` what cannot be the value of a label. */
export function dropUnusableLabels(values: ValueReader, path: string, labels: Record<string, string>): void {
  const pattern = new RegExp(LABEL_VALUE);
  for (const [key, value] of Object.entries(labels)) {
    if (value.length <= 63 && pattern.test(value)) continue;
    delete labels[key];
    values.warn(`${path}.${key}`, "is not the value of a label and was left out");
  }
}
