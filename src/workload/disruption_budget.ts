/** The PodDisruptionBudget of a workload, as it should be. */
import type { PodDisruptionBudget } from "../api/kubernetes/types.ts";
import { type ChildIdentity, childMetadata } from "./child.ts";

/** `spec.podDisruptionBudget` */
export interface BudgetSettings {
  disabled?: boolean;
  minAvailable?: number | string;
  maxUnavailable?: number | string;
}

/**
 * Undefined where there should be none: it was switched off, or there is one pod alone, which a budget that nobody asked
 * for would nail to its node. `replicas`: how many pods there are.
 */
export function disruptionBudget(
  { disabled, minAvailable, maxUnavailable }: BudgetSettings = {},
  { replicas, ...child }: ChildIdentity & { readonly replicas: number },
): PodDisruptionBudget | undefined {
  const asked = minAvailable !== undefined || maxUnavailable !== undefined;
  if (disabled === true || (!asked && replicas <= 1)) return undefined;
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: childMetadata(child),
    spec: {
      selector: { matchLabels: { ...child.labels } },
      ...(minAvailable !== undefined && { minAvailable }),
      ...(maxUnavailable !== undefined && { maxUnavailable }),
      ...(!asked && { maxUnavailable: 1 }),
      // A pod that is broken anyway must not hold up the drain of its node.
      unhealthyPodEvictionPolicy: "AlwaysAllow",
    },
  };
}

/** True for a budget that never lets a pod go, and so holds up every drain of a node. */
export function blocksDrains(
  { disabled, minAvailable, maxUnavailable }: BudgetSettings = {},
  replicas: number,
): boolean {
  if (disabled === true || replicas === 0) return false;
  const stays = minAvailable === "100%" || (typeof minAvailable === "number" && minAvailable >= replicas);
  return stays || maxUnavailable === 0 || maxUnavailable === "0%";
}
