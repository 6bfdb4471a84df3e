/** The pod template that this version renders for a pass, with all that it is made from beside the spec. */
import type { Deployment } from "../api/kubernetes/types.ts";
import { isControlledBy } from "../kube/apply/owner_references.ts";
import { templateChecksums } from "../operator/children/checksums.ts";
import type { RenderedTemplate } from "../operator/children/deployment.ts";
import { envSources } from "../operator/children/env_sources.ts";
import { gatewayLookup } from "../operator/exposure/gateways.ts";
import { ACCESS_URL } from "../workload/access_urls.ts";
import { told } from "../workload/env.ts";
import { podFamily } from "../workload/pod_family.ts";
import { type Reference, referencesOf } from "../workload/references.ts";
import { RELAY_URL } from "../workload/urls.ts";
import { childName, PROXY_PORT } from "./children.ts";
import type { ReadyConnection } from "./connection.ts";
import { proxyAccessUrls, wantedProxyUrls } from "./exposure.ts";
import { CONTAINER, podTemplate, type ProxyTemplateFacts, templateInputs } from "./pod_template.ts";
import { isRegisteredByOperator } from "./registration/mod.ts";
import { TOKEN_ANNOTATION } from "./results.ts";
import type { Pass, Tools } from "./step.ts";

/** Renders. Reads ConfigMaps and Secrets that have changed. `live`: our Deployment as it is now. */
export async function renderTemplate(
  { key, object, proxy, signal }: Pick<Pass, "key" | "object" | "proxy" | "signal">,
  { clusterDomain, envSources: sources, kinds, referencedData: data }: Tools,
  { connection, live }: { connection: ReadyConnection; live: Deployment | undefined },
): Promise<RenderedTemplate> {
  const { primaryURL, token, tokenHash } = connection;
  const fromSources = new Set<string>();
  for (const name of wantedProxyUrls(proxy)) {
    if (await sources.define(envSources(proxy), name, signal)) fromSources.add(name);
  }
  const { access, wildcard } = proxyAccessUrls(proxy, {
    fromSources,
    clusterDomain,
    lookup: gatewayLookup(key.namespace, { kinds }),
    told: told(live, CONTAINER, ACCESS_URL),
  });
  const named = kinds.services.get({ namespace: key.namespace, name: childName(proxy) });
  const facts: ProxyTemplateFacts = {
    primaryURL,
    token,
    accessURL: access,
    wildcardAccessURL: wildcard,
    family: podFamily({
      asked: proxy.spec.service.ipFamilies,
      service: named !== undefined && isControlledBy(named, object) ? named : undefined,
      told: told(live, CONTAINER, RELAY_URL),
      port: PROXY_PORT,
    }),
  };
  // The token that the operator keeps is told by the visits, together with the address that it belongs to.
  const isToken = ({ kind, name }: Reference) =>
    kind === "Secret" && name === token.name && isRegisteredByOperator(proxy);
  const references = referencesOf(podTemplate(proxy, facts)).filter((reference) => !isToken(reference));
  const { annotations, recorded, checksums } = await templateChecksums(references, {
    data,
    namespace: key.namespace,
    live,
    signal,
  });
  const ofToken = tokenHash === undefined ? {} : { [TOKEN_ANNOTATION]: tokenHash };
  return {
    template: podTemplate(proxy, { ...facts, annotations: { ...annotations, ...ofToken } }),
    inputs: templateInputs(proxy, { primaryURL, token }),
    recorded: { ...recorded, ...ofToken },
    checksums,
  };
}
