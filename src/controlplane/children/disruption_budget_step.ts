/** The PodDisruptionBudget of a control plane: there while it is wanted. */
import { PodDisruptionBudgets } from "../../api/kubernetes/resources.ts";
import { applyChild, removeChild } from "../../operator/children/apply_child.ts";
import type { Step } from "../step.ts";
import { desiredDisruptionBudget, disruptionBudgetWarnings } from "./disruption_budget.ts";

/** Runs after the Deployment's step: an autoscaler may say how many pods there are. */
export const disruptionBudgetStep: Step = {
  name: "PodDisruptionBudget",
  async run(pass, tools) {
    const { controlPlane, deployment, key, report } = pass;
    const replicas = deployment?.spec?.replicas ?? controlPlane.spec.replicas;
    for (const warning of disruptionBudgetWarnings(controlPlane, replicas)) report.warning(warning);
    const desired = desiredDisruptionBudget(controlPlane, replicas);
    await (desired === undefined
      ? removeChild(PodDisruptionBudgets, key, pass, tools, tools.kinds.disruptionBudgets)
      : applyChild(PodDisruptionBudgets, desired, pass, tools));
  },
};
