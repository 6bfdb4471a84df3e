/** The pod template that this version renders for a pass, with all that it is made from beside the spec. */
import type { ControlPlane } from "../../api/control_plane.ts";
import type { Deployment } from "../../api/kubernetes/types.ts";
import { isControlledBy } from "../../kube/apply/owner_references.ts";
import { referencesOf } from "../../workload/references.ts";
import { ACCESS_URL, type AccessUrls } from "../../workload/access_urls.ts";
import { gatewayLookup } from "../../operator/exposure/gateways.ts";
import { accessUrls, exposureInputs, wantedUrls } from "./access_urls.ts";
import { templateChecksums } from "../../operator/children/checksums.ts";
import { envSources } from "../../operator/children/env_sources.ts";
import { firstAccessUrl } from "./environment.ts";
import { podFamily } from "./pod_family.ts";
import { podTemplate, templateInputs } from "./pod_template.ts";
import type { RenderedTemplate as SharedTemplate } from "../../operator/children/deployment.ts";
import type { Pass, Tools } from "../step.ts";

/** On a Deployment: what the spec says of the addresses that Coder is told, as it was last looked at. */
export const EXPOSURE_ANNOTATION = "coder.com/template-exposure";

/** The template of a control plane's pods, with the addresses that it tells Coder. */
export interface RenderedTemplate extends SharedTemplate {
  readonly urls: AccessUrls;
}

/** Renders. Reads ConfigMaps and Secrets that have changed. `live`: our Deployment as it is now. */
export async function renderTemplate(
  controlPlane: ControlPlane,
  live: Deployment | undefined,
  { key, object, signal }: Pick<Pass, "key" | "object" | "signal">,
  { clusterDomain, envSources: sources, kinds, referencedData: data }: Tools,
): Promise<RenderedTemplate> {
  const fromSources = new Set<string>();
  for (const name of wantedUrls(controlPlane)) {
    if (await sources.define(envSources(controlPlane), name, signal)) fromSources.add(name);
  }
  const named = kinds.services.get(key);
  const service = named !== undefined && isControlledBy(named, object) ? named : undefined;
  const urls = accessUrls(controlPlane, {
    fromSources,
    clusterDomain,
    lookup: gatewayLookup(key.namespace, { kinds }),
    live,
  });
  const facts = {
    accessUrl: urls.access,
    wildcardAccessUrl: urls.wildcard,
    family: podFamily(controlPlane, service, live),
  };
  const references = referencesOf(podTemplate(controlPlane, facts));
  const { annotations, recorded, checksums } = await templateChecksums(references, {
    data,
    namespace: key.namespace,
    live,
    signal,
  });
  return {
    template: podTemplate(controlPlane, { ...facts, annotations }),
    inputs: templateInputs(controlPlane, firstAccessUrl(controlPlane, fromSources.has(ACCESS_URL))),
    recorded: { ...recorded, [EXPOSURE_ANNOTATION]: exposureInputs(controlPlane) },
    checksums,
    urls,
  };
}
