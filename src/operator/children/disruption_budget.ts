/** The PodDisruptionBudget of an object's pods: there while it is wanted. */
import { PodDisruptionBudgets } from "../../api/kubernetes/resources.ts";
import { blocksDrains, type BudgetSettings, disruptionBudget } from "../../workload/disruption_budget.ts";
import type { PassState, Step, Tools } from "../pass/step.ts";
import { applyChild, removeChild } from "./apply_child.ts";

/** What a spec says about it. */
export interface BudgetWishes {
  readonly settings: BudgetSettings | undefined;
  /** Standard labels, which are also the selector of the pods. */
  readonly labels: Readonly<Record<string, string>>;
  /** Pods that the spec wants; what an autoscaler says counts for more. */
  readonly replicas: number;
}

/** Makes the step of a kind, which runs after that of the Deployment. The budget has the Deployment's name. */
export function disruptionBudgetStep<P extends PassState, T extends Tools>(
  of: (pass: P) => BudgetWishes,
): Step<P, T> {
  return {
    name: "PodDisruptionBudget",
    async run(pass, tools) {
      const { settings, labels, replicas: wanted } = of(pass);
      const { deployment, deploymentKey: key, report } = pass;
      const replicas = deployment?.spec?.replicas ?? wanted;
      if (blocksDrains(settings, replicas)) {
        report.warning({
          reason: "DrainsBlocked",
          message:
            `spec.podDisruptionBudget lets none of ${replicas} pods go, so that no node they run on can be ` +
            "drained: allow one, or have more replicas",
        });
      }
      const desired = disruptionBudget(settings, { ...key, labels, replicas });
      await (desired === undefined
        ? removeChild(PodDisruptionBudgets, key, pass, tools, tools.kinds.disruptionBudgets)
        : applyChild(PodDisruptionBudgets, desired, pass, tools));
    },
  };
}
