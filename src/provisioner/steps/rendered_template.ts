/** The pod template that this version renders for a pass, with all that it is made from beside the spec. */
import type { Deployment } from "../../api/kubernetes/types.ts";
import { type CoderProvisioner, parseProvisioner } from "../../api/provisioner.ts";
import { templateChecksums } from "../../operator/children/checksums.ts";
import type { RenderedTemplate } from "../../operator/children/deployment.ts";
import { templateReferences } from "../../operator/children/reference_sources.ts";
import { keySecretRef } from "../children.ts";
import { otherReferences, podTemplate, type TemplateFacts, templateInputs } from "../pod_template.ts";
import type { Pass, Tools } from "../step.ts";
import { type KnownFacts, recordedFacts } from "../template_facts.ts";

/** Renders. Reads ConfigMaps and Secrets that have changed. `live`: our Deployment as it is now. */
export async function renderTemplate(
  { key, provisioner, signal }: Pick<Pass, "key" | "provisioner" | "signal">,
  { referencedData: data }: Pick<Tools, "referencedData">,
  { facts, known, live }: { facts: TemplateFacts; known: KnownFacts; live: Deployment | undefined },
): Promise<RenderedTemplate> {
  const references = otherReferences(podTemplate(provisioner, facts), facts.key);
  const { annotations, recorded, checksums } = await templateChecksums(references, {
    data,
    namespace: key.namespace,
    live,
    signal,
  });
  return {
    template: podTemplate(provisioner, { ...facts, annotations }),
    inputs: templateInputs(provisioner, facts.key),
    recorded: { ...recorded, ...recordedFacts(provisioner, known, live) },
    checksums,
  };
}

/** What the pods are made from beside their key, for `referenceSources`. */
export function podReferences(object: CoderProvisioner): string[] {
  return templateReferences(object, () => {
    const provisioner = parseProvisioner(object);
    const facts = { url: "", image: "", key: keySecretRef(provisioner), checksum: undefined };
    return podTemplate(provisioner, facts);
  });
}
