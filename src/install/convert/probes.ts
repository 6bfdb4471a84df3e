/** The probes of the Coder container. */
import type { ControlPlaneSpecInput } from "../../api/control_plane.ts";
import type { ValueReader } from "./value_reader.ts";

const PROBE_NUMBERS = [
  "initialDelaySeconds",
  "periodSeconds",
  "timeoutSeconds",
  "successThreshold",
  "failureThreshold",
] as const;

/** `spec.readinessProbe` and `spec.livenessProbe`. */
export function probeFields(values: ValueReader): ControlPlaneSpecInput {
  return {
    ...probe(values, "readinessProbe", true),
    ...probe(values, "livenessProbe", false),
  };
}

/** The operator's defaults are the chart's: only what differs from them is written. */
function probe(values: ValueReader, field: "readinessProbe" | "livenessProbe", on: boolean) {
  const enabled = values.flag(`coder.${field}.enabled`);
  const numbers = PROBE_NUMBERS.flatMap((key) => {
    const number = values.integer(`coder.${field}.${key}`);
    if (number === undefined || (key === "initialDelaySeconds" && number === 0)) return [];
    if (number < 0 || (key === "successThreshold" && field === "livenessProbe" && number > 1)) {
      values.warn(`coder.${field}.${key}`, "was left out, as Kubernetes would refuse it");
      return [];
    }
    return [[key, number] as const];
  });
  if (enabled === on && numbers.length === 0) return {};
  return { [field]: { enabled, ...Object.fromEntries(numbers) } };
}
