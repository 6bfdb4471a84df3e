/** What a workspace proxy has beside its Deployment: Service, way from outside, disruption budget. */
import { PodDisruptionBudgets, Services } from "../api/kubernetes/resources.ts";
import { applyChild, removeChild } from "../operator/children/apply_child.ts";
import { exposureStep as sharedExposure } from "../operator/exposure/exposure_step.ts";
import { blocksDrains } from "../workload/disruption_budget.ts";
import { desiredDisruptionBudget, desiredService, internalAddress } from "./children.ts";
import { proxyExposure } from "./exposure.ts";
import type { Pass, Step, Tools } from "./step.ts";

export const serviceStep: Step = {
  name: "Service",
  async run(pass, tools) {
    await applyChild(Services, desiredService(pass.proxy), pass, tools);
  },
};

/** The Ingress or HTTPRoute, with the addresses. */
export const exposureStep: Step = sharedExposure<Pass, Tools>((
  { deploymentKey, proxy },
  { clusterDomain },
) => ({
  // Both are named like the Deployment.
  child: deploymentKey,
  noun: "the proxy",
  internalURL: internalAddress(proxy, clusterDomain),
  wanted: () => proxyExposure(proxy),
}));

/** Runs after the Deployment's step: an autoscaler may say how many pods there are. */
export const disruptionBudgetStep: Step = {
  name: "PodDisruptionBudget",
  async run(pass, tools) {
    const { proxy, deployment, deploymentKey, report } = pass;
    const replicas = deployment?.spec?.replicas ?? proxy.spec.replicas;
    if (blocksDrains(proxy.spec.podDisruptionBudget, replicas)) {
      report.warning({
        reason: "DrainsBlocked",
        message:
          `spec.podDisruptionBudget lets none of ${replicas} pods go, so that no node they run on can be ` +
          "drained: allow one, or have more replicas",
      });
    }
    const desired = desiredDisruptionBudget(proxy, replicas);
    await (desired === undefined
      ? removeChild(PodDisruptionBudgets, deploymentKey, pass, tools, tools.kinds.disruptionBudgets)
      : applyChild(PodDisruptionBudgets, desired, pass, tools));
  },
};
