/** Label selectors in affinities and topology spread that were made for the chart's pods. */
import type { ValueReader } from "./value_reader.ts";
import { isFields } from "./values_text.ts";

/** Remarks on every selector in `structure` that names a label whose value is another one on the operator's pods. */
export function selectorRemarks(
  values: ValueReader,
  path: string,
  field: string,
  structure: unknown,
  name: string,
): void {
  const now: Readonly<Record<string, string>> = {
    "app.kubernetes.io/name": "coder-control-plane",
    "app.kubernetes.io/instance": name,
    "app.kubernetes.io/managed-by": "coder-k8s",
  };
  const odd = new Map<string, string>();
  for (const [label, value] of selected(structure)) {
    if (Object.hasOwn(now, label) ? value !== now[label] : label.startsWith("helm.sh/")) {
      odd.set(label, value);
    }
  }
  for (const [label, value] of odd) {
    const here = Object.hasOwn(now, label) ? `have the value ${now[label]}` : "do not have this label";
    values.remark(path, field, `selects pods by ${label}=${value}: pods of the operator ${here}`);
  }
}

function* selected(value: unknown): Iterable<readonly [label: string, value: string]> {
  if (Array.isArray(value)) { for (const item of value) yield* selected(item); }
  if (!isFields(value)) return;
  for (const [key, item] of Object.entries(value)) {
    if (key === "matchLabels" && isFields(item)) {
      for (const [label, text] of Object.entries(item)) yield [label, String(text)];
    } else if (key === "matchExpressions" && Array.isArray(item)) {
      for (const { key: label, values } of item.filter(isFields)) {
        for (const text of Array.isArray(values) ? values : []) yield [String(label), String(text)];
      }
    } else yield* selected(item);
  }
}
