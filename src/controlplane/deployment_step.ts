/** The Deployment of a control plane: rendered anew, or kept as somebody else rendered it. */
import { CoderControlPlanes } from "../api/control_plane.ts";
import { Deployments } from "../api/kubernetes/resources.ts";
import type { Deployment, PodTemplateSpec } from "../api/kubernetes/types.ts";
import { isControlledBy } from "../kube/apply/owner_references.ts";
import { type DeploymentFacts, noFacts } from "../workload/deployment_facts.ts";
import { REPLICAS_PATH, TEMPLATE_PATH } from "../workload/held_fields.ts";
import { BY_TARGET } from "../workload/kinds.ts";
import { decideReplicas } from "../workload/replicas.ts";
import { decideTemplate, keptRendering, UPGRADE_NOW_ANNOTATION } from "../workload/template_decision.ts";
import { recordApply } from "./child_events.ts";
import { desiredDeployment } from "./deployment.ts";
import { envSources } from "./env_sources.ts";
import { ACCESS_URL, injectedAccessUrl, wantsAccessUrl } from "./environment.ts";
import { holdTemplate, returnTemplate } from "./kept_template.ts";
import { podTemplate, RENDERING, templateInputs } from "./pod_template.ts";
import type { Pass, PassState, Step, Tools } from "./step.ts";
import { effective } from "./upgrade/effective.ts";
import { rolloutParts } from "./upgrade/rollout_parts.ts";

export const deploymentStep: Step = {
  name: "Deployment",
  async run(pass, tools) {
    const { object, key, signal } = pass;
    const controlPlane = effective(pass.controlPlane, pass.image);
    const live = ownDeployment(pass, tools);
    const facts = live === undefined
      ? noFacts
      : (tools.kinds.deployments.derived(key) as DeploymentFacts | undefined) ?? noFacts;
    const accessUrl = injectedAccessUrl(controlPlane, await definedBySources(pass, tools));
    const inputs = templateInputs(controlPlane, accessUrl);
    const rendered = podTemplate(controlPlane, accessUrl);
    const { template, rendering } = await settleTemplate(pass, tools, { live, facts, rendered, inputs });
    const replicas = decideReplicas({
      wanted: controlPlane.spec.replicas,
      live,
      facts,
      autoscaled: tools.kinds.autoscalers.byIndex(BY_TARGET, `${key.namespace}/${key.name}`).length > 0,
    });
    const desired = desiredDeployment(controlPlane, {
      template,
      replicas,
      inputs,
      rendering,
      rollout: await rolloutParts(pass, tools, inputs),
    });
    const release = [
      ...(replicas === undefined ? [REPLICAS_PATH] : []),
      ...(template === undefined ? [TEMPLATE_PATH] : []),
    ];
    const result = await tools.applier.apply(Deployments, desired, {
      owner: object,
      ownerType: CoderControlPlanes,
      signal,
      release,
    });
    pass.deployment = result.object;
    recordApply(tools.events, object, desired, result.outcome);
    if (wantsUpgrade(pass)) await markUpgraded(pass, tools);
  },
};

interface TemplateQuestion {
  live: Deployment | undefined;
  facts: DeploymentFacts;
  rendered: PodTemplateSpec;
  inputs: string;
}

/** Decides about the template and moves its ownership accordingly. No template: the one that is there stays. */
async function settleTemplate(
  pass: Pass,
  tools: Tools,
  question: TemplateQuestion,
): Promise<{ template: PodTemplateSpec | undefined; rendering: string }> {
  const { metadata, status } = pass.object;
  const render = { template: question.rendered, rendering: RENDERING };
  const decision = decideTemplate({
    ...question,
    rendering: RENDERING,
    settled: status?.observedGeneration !== undefined && status.observedGeneration === metadata.generation,
    upgradeNow: wantsUpgrade(pass),
  });
  if (decision.keep) {
    const hash = decision.setAside ? await holdTemplate(pass, tools) : question.facts.keptTemplate;
    pass.pendingUpgrade = hash === undefined ? [] : decision.pending;
    return hash === undefined ? render : { template: undefined, rendering: keptRendering(hash) };
  }
  if (decision.takeBack) await returnTemplate(pass, tools);
  pass.pendingUpgrade = [];
  return render;
}

/** The cached Deployment where it belongs to this very control plane. */
export function ownDeployment({ key, object }: PassState, { kinds }: Tools): Deployment | undefined {
  const live = kinds.deployments.get(key);
  return live !== undefined && isControlledBy(live, object) ? live : undefined;
}

async function definedBySources({ controlPlane, signal }: Pass, tools: Tools): Promise<boolean> {
  if (!wantsAccessUrl(controlPlane)) return false;
  return await tools.envSources.define(envSources(controlPlane), ACCESS_URL, signal);
}

function wantsUpgrade({ object }: Pass): boolean {
  return object.metadata.annotations?.[UPGRADE_NOW_ANNOTATION] === "true";
}

/** The wish has been granted: it is taken away, so that it does not come true again with the next version. */
async function markUpgraded({ key, object, signal }: Pass, { client, kinds, events }: Tools): Promise<void> {
  const path = `/metadata/annotations/${UPGRADE_NOW_ANNOTATION.replace("/", "~1")}`;
  const stored = await client.patch(CoderControlPlanes, key, {
    type: "json",
    body: [{ op: "test", path, value: "true" }, { op: "remove", path }],
  }, { signal });
  kinds.controlPlanes.observe(stored);
  events.event(object, "Normal", "Upgraded", "The pod template is up to date, as asked for", "Upgrade");
}
