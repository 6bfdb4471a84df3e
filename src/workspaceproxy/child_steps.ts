/** What a workspace proxy has beside its Deployment: Service, way from outside, disruption budget. */
import { Services } from "../api/kubernetes/resources.ts";
import { applyChild } from "../operator/children/apply_child.ts";
import { disruptionBudgetStep as sharedBudget } from "../operator/children/disruption_budget.ts";
import { exposureStep as sharedExposure } from "../operator/exposure/exposure_step.ts";
import { childLabels, desiredService, internalAddress } from "./children.ts";
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

/** Named like the Deployment, too. */
export const disruptionBudgetStep: Step = sharedBudget<Pass, Tools>(({ proxy }) => ({
  settings: proxy.spec.podDisruptionBudget,
  labels: childLabels(proxy),
  replicas: proxy.spec.replicas,
}));
