/** What network policies let out of a pod. */
import { list, record, text, texts } from "../foreign.ts";
import type { PodView } from "./pod_view.ts";
import { isSelected } from "./selectors.ts";

/** What may go out of a pod that policies are about. */
export interface Egress {
  /** Names of the policies. */
  readonly policies: readonly string[];
  /** Whether some rule lets a port out, whereto it may be. */
  allows(port: number, protocol: "TCP" | "UDP"): boolean;
  /** Nothing at all may go out. */
  readonly isClosed: boolean;
}

/** Undefined where no policy is about what goes out of the pod: all may. */
export function egressOf(pod: PodView, policies: unknown): Egress | undefined {
  const own = list(policies).map(record).filter(({ metadata, spec }) => {
    const { namespace } = record(metadata);
    const { podSelector, policyTypes, egress } = record(spec);
    const isEgress = texts(policyTypes).includes("Egress") ||
      (texts(policyTypes).length === 0 && list(egress).length > 0);
    return isEgress && namespace === pod.namespace && isSelected(podSelector, pod.labels);
  });
  if (own.length === 0) return undefined;
  const rules = own.flatMap(({ spec }) => list(record(spec)["egress"]).map(record));
  return {
    policies: own.map(({ metadata }) => text(record(metadata)["name"])),
    isClosed: rules.length === 0,
    allows: (port, protocol) =>
      rules.some(({ ports }) => {
        const given = list(ports).map(record);
        return given.length === 0 || given.some((one) => letsOut(one, port, protocol));
      }),
  };
}

/** A port by name may be any. */
function letsOut(
  { port, endPort, protocol = "TCP" }: Readonly<Record<string, unknown>>,
  wanted: number,
  how: "TCP" | "UDP",
): boolean {
  if (protocol !== how) return false;
  if (typeof port !== "number") return true;
  return typeof endPort === "number" ? port <= wanted && wanted <= endPort : port === wanted;
}
