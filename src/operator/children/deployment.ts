/** What the Deployments of all kinds have in common: whose they are, and whether a pod template is rendered or kept. */
import type { Deployment, PodTemplateSpec } from "../../api/kubernetes/types.ts";
import { isControlledBy } from "../../kube/apply/owner_references.ts";
import { type DeploymentFacts, noFacts } from "../../workload/deployment_facts.ts";
import { REPLICAS_PATH, TEMPLATE_PATH } from "../../workload/held_fields.ts";
import { BY_TARGET } from "../../workload/kinds.ts";
import { decideReplicas } from "../../workload/replicas.ts";
import { decideTemplate, keptRendering, UPGRADE_NOW_ANNOTATION } from "../../workload/template_decision.ts";
import { keyText } from "../../api/object.ts";
import { Deployments } from "../../api/kubernetes/resources.ts";
import type { PassState, Tools } from "../pass/step.ts";
import { changedReferences, type Checksums } from "./checksums.ts";
import { recordApply } from "./child_events.ts";
import { holdTemplate, returnTemplate } from "./kept_template.ts";

/** The cached Deployment where it belongs to this very object. */
export function ownDeployment(
  { deploymentKey, object }: Pick<PassState, "deploymentKey" | "object">,
  { kinds }: Pick<Tools, "kinds">,
): Deployment | undefined {
  const live = kinds.deployments.get(deploymentKey);
  return live !== undefined && isControlledBy(live, object) ? live : undefined;
}

/** A template as this version renders it, and what decides whether it is applied. */
export interface RenderedTemplate {
  readonly template: PodTemplateSpec;
  /** Hash of what shapes it in the spec. */
  readonly inputs: string;
  /** Annotations of the Deployment about what else shapes it; see `TemplateInput.recorded`. */
  readonly recorded: Readonly<Record<string, string>>;
  /** Checksums of ConfigMaps and Secrets that were recorded last, and those of now. */
  readonly checksums: { readonly before: Checksums | undefined; readonly now: Checksums };
}

/** What is asked of {@linkcode settleDeployment}. */
export interface DeploymentQuestion {
  readonly live: Deployment | undefined;
  readonly rendered: RenderedTemplate;
  /** The number of this version's rendering. */
  readonly rendering: string;
  /** Pods that the spec, or the operator's own scaling, wants. */
  readonly replicas: number;
  /** Something that replaces pods waits: the template of another operator is no reason to replace them before. */
  readonly waiting?: boolean;
  /** The template of another operator is up to date. @default where the last observed generation is the present one */
  readonly settled?: boolean;
}

/** What came of it, for the Deployment to apply. */
export interface SettledDeployment {
  /** Undefined leaves the template that is there. */
  readonly template: PodTemplateSpec | undefined;
  /** Undefined leaves the number to an autoscaler. */
  readonly replicas: number | undefined;
  /** The value of the rendering annotation. */
  readonly rendering: string;
}

/** Decides about template and replicas, and moves the ownership of a template that is to be kept. */
export async function settleDeployment(
  pass: PassState,
  tools: Tools,
  question: DeploymentQuestion,
): Promise<SettledDeployment> {
  const { live, replicas: wanted } = question;
  const facts = live === undefined
    ? noFacts
    : (tools.kinds.deployments.derived(pass.deploymentKey) as DeploymentFacts | undefined) ?? noFacts;
  const autoscaled = tools.kinds.autoscalers.byIndex(BY_TARGET, keyText(pass.deploymentKey)).length > 0;
  const replicas = decideReplicas({ wanted, live, facts, autoscaled });
  return { ...await settleTemplate(pass, tools, facts, question), replicas };
}

async function settleTemplate(
  pass: PassState,
  tools: Tools,
  facts: DeploymentFacts,
  { live, rendered: { template, inputs, recorded }, rendering, waiting, settled }: DeploymentQuestion,
): Promise<Pick<SettledDeployment, "template" | "rendering">> {
  const { metadata, status } = pass.object as PassState["object"] & {
    status?: { observedGeneration?: number };
  };
  const render = { template, rendering };
  const decision = decideTemplate({
    live,
    facts,
    rendered: template,
    inputs,
    recorded,
    rendering,
    // Nobody noted what the template of another operator was made from. While something waits, it is no reason to replace
    // pods; what else has changed since comes with that, and is told until then.
    settled: waiting === true || (settled ??
      (status?.observedGeneration !== undefined && status.observedGeneration === metadata.generation)),
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

/** Applies the Deployment, notes it in the pass, and tells what happened. */
export async function applyDeployment(
  pass: PassState,
  tools: Tools,
  desired: Deployment,
  settled: SettledDeployment,
  { checksums: { before, now } }: Pick<RenderedTemplate, "checksums">,
): Promise<void> {
  const { kind, object, signal } = pass;
  const release = [
    ...(settled.replicas === undefined ? [REPLICAS_PATH] : []),
    ...(settled.template === undefined ? [TEMPLATE_PATH] : []),
  ];
  const options = { owner: object, ownerType: kind.type, signal, release };
  const result = await tools.applier.apply(Deployments, desired, options);
  pass.deployment = result.object;
  recordApply(tools.events, object, desired, result.outcome);
  const changed = before === undefined ? [] : changedReferences(before, now);
  if (result.outcome === "configured" && settled.template !== undefined && changed.length > 0) {
    const note = `Pods are replaced: ${changed.join(", ")} changed`;
    tools.events.event(object, "Normal", "ReferencesChanged", note, "Update");
  }
  if (wantsUpgrade(pass)) await markUpgraded(pass, tools);
}

function wantsUpgrade({ object }: PassState): boolean {
  return object.metadata.annotations?.[UPGRADE_NOW_ANNOTATION] === "true";
}

/** The wish has been granted: it is taken away, so that it does not come true again with the next version. */
async function markUpgraded(
  { key, kind, object, signal }: PassState,
  { client, events }: Tools,
): Promise<void> {
  const path = `/metadata/annotations/${UPGRADE_NOW_ANNOTATION.replace("/", "~1")}`;
  const stored = await client.patch(kind.type, key, {
    type: "json",
    body: [{ op: "test", path, value: "true" }, { op: "remove", path }],
  }, { signal });
  kind.informer.observe(stored);
  events.event(object, "Normal", "Upgraded", "The pod template is up to date, as asked for", "Upgrade");
}
