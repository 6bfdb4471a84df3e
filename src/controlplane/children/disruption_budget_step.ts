/** The PodDisruptionBudget of a control plane: there while it is wanted. */
import { CoderControlPlanes } from "../../api/control_plane.ts";
import { PodDisruptionBudgets } from "../../api/kubernetes/resources.ts";
import { isControlledBy } from "../../kube/apply/owner_references.ts";
import { recordApply } from "./child_events.ts";
import { desiredDisruptionBudget, disruptionBudgetWarnings } from "./disruption_budget.ts";
import type { Step } from "../step.ts";

/** Runs after the Deployment's step: an autoscaler may say how many pods there are. */
export const disruptionBudgetStep: Step = {
  name: "PodDisruptionBudget",
  async run({ controlPlane, deployment, key, object, report, signal }, { applier, events, kinds }) {
    const replicas = deployment?.spec?.replicas ?? controlPlane.spec.replicas;
    for (const warning of disruptionBudgetWarnings(controlPlane, replicas)) report.warning(warning);
    const desired = desiredDisruptionBudget(controlPlane, replicas);
    if (desired !== undefined) {
      const options = { owner: object, ownerType: CoderControlPlanes, signal };
      const { outcome } = await applier.apply(PodDisruptionBudgets, desired, options);
      return recordApply(events, object, desired, outcome);
    }
    const live = kinds.disruptionBudgets.get(key);
    if (live === undefined || !isControlledBy(live, object)) return;
    if (await applier.deleteOwned(PodDisruptionBudgets, key, object, signal)) {
      events.event(object, "Normal", "Deleted", `Deleted PodDisruptionBudget ${key.name}`, "Delete");
    }
  },
};
