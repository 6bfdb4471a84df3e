/** The PodDisruptionBudget of a control plane. */
import { disruptionBudgetStep as sharedStep } from "../../operator/children/disruption_budget.ts";
import type { Pass, Step, Tools } from "../step.ts";
import { childIdentity } from "./children.ts";

/** See the shared one. */
export const disruptionBudgetStep: Step = sharedStep<Pass, Tools>(({ controlPlane }) => ({
  settings: controlPlane.spec.podDisruptionBudget,
  labels: childIdentity(controlPlane).labels,
  replicas: controlPlane.spec.replicas,
}));
