/** The Deployment of a control plane: rendered anew, or kept as somebody else rendered it. */
import { CoderControlPlanes, type ControlPlane } from "../../api/control_plane.ts";
import { Deployments } from "../../api/kubernetes/resources.ts";
import type { Deployment, PodTemplateSpec } from "../../api/kubernetes/types.ts";
import { isControlledBy } from "../../kube/apply/owner_references.ts";
import { type DeploymentFacts, noFacts } from "../../workload/deployment_facts.ts";
import { REPLICAS_PATH, TEMPLATE_PATH } from "../../workload/held_fields.ts";
import { BY_TARGET } from "../../workload/kinds.ts";
import { decideReplicas } from "../../workload/replicas.ts";
import { decideTemplate, keptRendering, UPGRADE_NOW_ANNOTATION } from "../../workload/template_decision.ts";
import { recordApply } from "./child_events.ts";
import { changedReferences } from "./checksums.ts";
import { desiredDeployment } from "./deployment.ts";
import { ACCESS_URL } from "./environment.ts";
import { holdTemplate, returnTemplate } from "./kept_template.ts";
import { RENDERING } from "./pod_template.ts";
import { type RenderedTemplate, renderTemplate } from "./rendered_template.ts";
import type { Pass, PassState, Step, Tools } from "../step.ts";
import { makeRoomForRecreate, strategyOf } from "./strategy.ts";
import { effective } from "../upgrade/effective.ts";
import { rolloutParts } from "../upgrade/rollout_parts.ts";

export const deploymentStep: Step = {
  name: "Deployment",
  async run(pass, tools) {
    const { object, key, signal } = pass;
    const controlPlane = effective(pass.controlPlane, pass.image);
    const live = ownDeployment(pass, tools);
    const facts = live === undefined
      ? noFacts
      : (tools.kinds.deployments.derived(key) as DeploymentFacts | undefined) ?? noFacts;
    const rendered = await renderTemplate(controlPlane, live, pass, tools);
    const { inputs, recorded } = rendered;
    warnOfAddress(controlPlane, rendered, pass);
    const { template, rendering } = await settleTemplate(pass, tools, { live, facts, rendered });
    const replicas = decideReplicas({
      wanted: controlPlane.spec.replicas,
      live,
      facts,
      autoscaled: tools.kinds.autoscalers.byIndex(BY_TARGET, `${key.namespace}/${key.name}`).length > 0,
    });
    const strategy = strategyOf(controlPlane, live, template !== undefined);
    await makeRoomForRecreate(strategy, live, pass, tools);
    const desired = desiredDeployment(controlPlane, {
      template,
      replicas,
      inputs,
      rendering,
      recorded,
      strategy,
      rollout: await rolloutParts(pass, tools, inputs, recorded),
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
    if (result.outcome === "configured" && template !== undefined) tellOfChanges(rendered, pass, tools);
    if (wantsUpgrade(pass)) await markUpgraded(pass, tools);
  },
};

interface TemplateQuestion {
  live: Deployment | undefined;
  facts: DeploymentFacts;
  rendered: RenderedTemplate;
}

/** Decides about the template and moves its ownership accordingly. No template: the one that is there stays. */
async function settleTemplate(
  pass: Pass,
  tools: Tools,
  { live, facts, rendered: { template, inputs, recorded } }: TemplateQuestion,
): Promise<{ template: PodTemplateSpec | undefined; rendering: string }> {
  const { metadata, status } = pass.object;
  const render = { template, rendering: RENDERING };
  const decision = decideTemplate({
    live,
    facts,
    rendered: template,
    inputs,
    recorded,
    rendering: RENDERING,
    // Nobody noted what the template of another operator was made from. While the image waits, it is no reason to replace
    // pods; what else has changed since comes with the image, and is told until then.
    settled: pass.upgrade?.waiting === true ||
      (status?.observedGeneration !== undefined && status.observedGeneration === metadata.generation),
    upgradeNow: wantsUpgrade(pass),
  });
  if (decision.keep) {
    const hash = decision.setAside ? await holdTemplate(pass, tools) : facts.keptTemplate;
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

/** Identity providers send people back to the access URL. */
function warnOfAddress({ spec }: ControlPlane, { urls }: RenderedTemplate, { report }: Pass): void {
  if (!urls.clusterOnly || (spec.signIn?.oidc === undefined && spec.signIn?.github === undefined)) return;
  report.warning({
    reason: "AccessURLInsideCluster",
    message:
      `spec.signIn sends people back to ${urls.access}, which is an address inside the cluster alone: ` +
      `set spec.expose, or ${ACCESS_URL} in spec.extraEnv, to the address that they type`,
  });
}

/** Says which ConfigMap or Secret it was that replaced the pods. */
function tellOfChanges(
  { checksums: { before, now } }: RenderedTemplate,
  pass: Pass,
  { events }: Tools,
): void {
  const changed = before === undefined ? [] : changedReferences(before, now);
  if (changed.length === 0) return;
  const note = `Pods are replaced: ${changed.join(", ")} changed`;
  events.event(pass.object, "Normal", "ReferencesChanged", note, "Update");
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
