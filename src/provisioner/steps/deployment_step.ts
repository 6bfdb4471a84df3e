/** The Deployment of a provisioner: rendered anew, or kept as somebody else rendered it. */
import { keyText } from "../../api/object.ts";
import type { Deployment } from "../../api/kubernetes/types.ts";
import { applyDeployment, ownDeployment, settleDeployment } from "../../operator/children/deployment.ts";
import { makeRoomForRecreate, strategyOf } from "../../operator/children/strategy.ts";
import type { Trouble } from "../../operator/pass/report.ts";
import { type DeploymentFacts, noFacts } from "../../workload/deployment_facts.ts";
import { BY_TARGET } from "../../workload/kinds.ts";
import { desiredDeployment } from "../children.ts";
import { RENDERING, type TemplateFacts } from "../pod_template.ts";
import { deploymentReplicas } from "../replicas.ts";
import type { Pass, Step, Tools } from "../step.ts";
import { isSettled, templateFacts } from "../template_facts.ts";
import { knownFacts } from "./known_facts.ts";
import { renderTemplate } from "./rendered_template.ts";

/** Follows the spec also while Coder, its licence or the control plane are in trouble: with what was known last. */
export const deploymentStep: Step = {
  name: "Deployment",
  async run(pass, tools) {
    const { provisioner } = pass;
    const live = ownDeployment(pass, tools);
    const known = knownFacts(pass, live);
    const facts = templateFacts(provisioner, known, live);
    if (facts === undefined) {
      pass.waiting = missing(pass);
      return;
    }
    reportSecret(pass, facts);
    const rendered = await renderTemplate(pass, tools, { facts, known, live });
    const { inputs, recorded } = rendered;
    const settled = {
      ...await settleDeployment(pass, tools, {
        live,
        rendered,
        rendering: RENDERING,
        replicas: provisioner.spec.replicas,
        settled: isSettled(provisioner, live, facts),
      }),
      replicas: replicasOf(pass, tools, live),
    };
    const strategy = strategyOf(provisioner, live, settled.template !== undefined);
    await makeRoomForRecreate(strategy, live, pass, tools);
    const desired = desiredDeployment(provisioner, { ...settled, inputs, recorded, strategy });
    await applyDeployment(pass, tools, desired, settled, rendered);
  },
};

/** What nobody ever knew, so that there can be no pods yet. */
function missing({ controlPlane }: Pass): Trouble {
  return controlPlane.found
    ? { reason: "KeyAwaited", message: "The pods wait for the key that they sign in to Coder with" }
    : { reason: "ControlPlaneUnavailable", message: controlPlane.message };
}

function reportSecret({ report }: Pass, { key: { name, key } }: TemplateFacts): void {
  report.status({ secretRef: { name, key } });
}

function replicasOf(
  { deploymentKey, provisioner, result }: Pass,
  { kinds: { autoscalers, deployments } }: Tools,
  live: Deployment | undefined,
): number | undefined {
  const known = live === undefined ? undefined : deployments.derived(deploymentKey);
  return deploymentReplicas({
    provisioner,
    byWork: result?.replicas,
    live,
    facts: (known as DeploymentFacts | undefined) ?? noFacts,
    autoscaled: autoscalers.byIndex(BY_TARGET, keyText(deploymentKey)).length > 0,
  });
}
