/** What a workspace proxy's spec asks for outside the cluster, and what the proxy is told about its own addresses. */
import type { WorkspaceProxy } from "../api/workspace_proxy.ts";
import {
  ACCESS_URL,
  type AccessFacts,
  type AccessUrls,
  accessUrls,
  type AccessWishes,
  askedUrls,
  WILDCARD_ACCESS_URL,
} from "../workload/access_urls.ts";
import { clusterAccessUrl, servicePort } from "../workload/urls.ts";
import {
  possibleExposure as possible,
  type WantedExposure,
  wantedExposure,
} from "../workload/wanted_exposure.ts";
import { childIdentity, serviceAddress } from "./children.ts";

/** Reads `spec.expose`. Throws {@linkcode SpecError} as `wantedExposure` does. */
export function proxyExposure(proxy: WorkspaceProxy): WantedExposure {
  const { spec } = proxy;
  const child = childIdentity(proxy);
  const backend = { service: child.name, port: servicePort(spec.service.port) };
  return wantedExposure(spec.expose, { ...child, backend });
}

/** As {@linkcode proxyExposure}. What cannot be exposed is the exposure's trouble: pods run all the same. */
export function possibleExposure(proxy: WorkspaceProxy): WantedExposure {
  return possible(() => proxyExposure(proxy));
}

/** What is known beside the spec. */
export interface ProxyAccessFacts extends AccessFacts {
  clusterDomain: string;
}

/** The public address where the spec exposes the proxy, else that of the Service. The user's own settings win. */
export function proxyAccessUrls(proxy: WorkspaceProxy, facts: ProxyAccessFacts): AccessUrls {
  return accessUrls(wishes(proxy, facts.clusterDomain), facts);
}

/** Which of the two the operator might set, so that `envFrom` must be asked about them. */
export function wantedProxyUrls(proxy: WorkspaceProxy): string[] {
  return askedUrls(wishes(proxy));
}

function wishes(proxy: WorkspaceProxy, clusterDomain?: string): AccessWishes {
  return {
    wanted: possibleExposure(proxy),
    // Without any address, a proxy does not start.
    cluster: clusterAccessUrl(serviceAddress(proxy, clusterDomain)),
    isOfUser: (name) => isOfUser(proxy, name),
  };
}

const FLAGS: Readonly<Record<string, string>> = {
  [ACCESS_URL]: "--access-url",
  [WILDCARD_ACCESS_URL]: "--wildcard-access-url",
};

/** An argument wins over the environment, whoever sets that. */
function isOfUser({ spec }: WorkspaceProxy, name: string): boolean {
  const flag = FLAGS[name] ?? "";
  return spec.extraEnv.some((entry) => entry.name === name) ||
    [...spec.args, ...spec.extraArgs].some((arg) => arg === flag || arg.startsWith(`${flag}=`));
}
