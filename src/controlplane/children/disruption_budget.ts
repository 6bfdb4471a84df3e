/** The PodDisruptionBudget of a control plane, as it should be. */
import type { ControlPlane } from "../../api/control_plane.ts";
import type { PodDisruptionBudget } from "../../api/kubernetes/types.ts";
import { standardLabels } from "../../workload/labels.ts";
import type { Trouble } from "../../operator/pass/report.ts";

/**
 * Undefined where there should be none: it was switched off, or there is one pod alone, which a budget that nobody asked
 * for would nail to its node. `replicas`: how many pods there are.
 */
export function desiredDisruptionBudget(
  controlPlane: ControlPlane,
  replicas: number,
): PodDisruptionBudget | undefined {
  const { metadata: { namespace = "", name = "" }, spec: { podDisruptionBudget: given = {} } } = controlPlane;
  const { disabled, minAvailable, maxUnavailable } = given;
  const asked = minAvailable !== undefined || maxUnavailable !== undefined;
  if (disabled === true || (!asked && replicas <= 1)) return undefined;
  const labels = standardLabels("coder-control-plane", name);
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name, namespace, labels },
    spec: {
      selector: { matchLabels: labels },
      ...(minAvailable !== undefined && { minAvailable }),
      ...(maxUnavailable !== undefined && { maxUnavailable }),
      ...(!asked && { maxUnavailable: 1 }),
      // A pod that is broken anyway must not hold up the drain of its node.
      unhealthyPodEvictionPolicy: "AlwaysAllow",
    },
  };
}

/** A budget that never lets a pod go holds up every drain of a node. */
export function disruptionBudgetWarnings({ spec }: ControlPlane, replicas: number): Trouble[] {
  const { disabled, minAvailable, maxUnavailable } = spec.podDisruptionBudget ?? {};
  if (disabled === true || replicas === 0) return [];
  const stays = minAvailable === "100%" || (typeof minAvailable === "number" && minAvailable >= replicas);
  if (!stays && maxUnavailable !== 0 && maxUnavailable !== "0%") return [];
  return [{
    reason: "DrainsBlocked",
    message:
      `spec.podDisruptionBudget lets none of ${replicas} pods go, so that no node they run on can be ` +
      "drained: allow one, or have more replicas",
  }];
}
