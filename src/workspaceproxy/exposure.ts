/** What a workspace proxy's spec asks for outside the cluster, and what the proxy is told about its own addresses. */
import type { WorkspaceProxy } from "../api/workspace_proxy.ts";
import type { GatewayLookup } from "../workload/exposure_listeners.ts";
import { SpecError } from "../workload/spec_error.ts";
import { clusterAccessUrl, servicePort } from "../workload/urls.ts";
import {
  exposedUrl,
  exposedWildcard,
  type WantedExposure,
  wantedExposure,
} from "../workload/wanted_exposure.ts";
import { childLabels, childName, serviceAddress } from "./children.ts";

/** Where Coder's users reach the proxy; without it, a proxy does not start. */
export const ACCESS_URL = "CODER_ACCESS_URL";
/** Under which names they reach workspace apps. */
export const WILDCARD_ACCESS_URL = "CODER_WILDCARD_ACCESS_URL";

/** Reads `spec.expose`. Throws {@linkcode SpecError} as `wantedExposure` does. */
export function proxyExposure(proxy: WorkspaceProxy): WantedExposure {
  const { metadata: { namespace = "" }, spec } = proxy;
  const name = childName(proxy);
  const backend = { service: name, port: servicePort(spec.service.port) };
  return wantedExposure(spec.expose, { name, namespace, labels: childLabels(proxy), backend });
}

/** As {@linkcode proxyExposure}. What cannot be exposed is the exposure's trouble: pods run all the same. */
export function possibleExposure(proxy: WorkspaceProxy): WantedExposure {
  try {
    return proxyExposure(proxy);
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    return { by: "nothing" };
  }
}

/** What is known beside the spec. */
export interface ProxyAccessFacts {
  /** What `envFrom` defines of the two. */
  fromSources: ReadonlySet<string>;
  clusterDomain: string;
  lookup: GatewayLookup;
  /** What the pods that run were told of {@linkcode ACCESS_URL}. */
  told: string | undefined;
}

/** What the operator sets; undefined is left to the user, who has set it. */
export interface ProxyAccessUrls {
  access: string | undefined;
  wildcard: string | undefined;
  /** Nobody outside the cluster reaches the access URL. */
  clusterOnly: boolean;
}

/** The public address where the spec exposes the proxy, else that of the Service. The user's own settings win. */
export function proxyAccessUrls(proxy: WorkspaceProxy, facts: ProxyAccessFacts): ProxyAccessUrls {
  const wanted = possibleExposure(proxy);
  const exposed = keptUrl(wanted, facts);
  const ours = (name: string) => !isOfUser(proxy, name) && !facts.fromSources.has(name);
  const access = ours(ACCESS_URL)
    ? exposed ?? clusterAccessUrl(serviceAddress(proxy, facts.clusterDomain))
    : undefined;
  return {
    access,
    wildcard: ours(WILDCARD_ACCESS_URL) ? exposedWildcard(wanted) : undefined,
    clusterOnly: access !== undefined && exposed === undefined,
  };
}

/** Which of the two the operator might set, so that `envFrom` must be asked about them. */
export function wantedProxyUrls(proxy: WorkspaceProxy): string[] {
  const wildcard = exposedWildcard(possibleExposure(proxy));
  const names = [ACCESS_URL, ...(wildcard === undefined ? [] : [WILDCARD_ACCESS_URL])];
  return names.filter((name) => !isOfUser(proxy, name));
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

/** A Gateway that cannot be seen for a moment is no reason to replace pods: what they were told stays. */
function keptUrl(wanted: WantedExposure, { lookup, told }: ProxyAccessFacts): string | undefined {
  const url = exposedUrl(wanted, lookup);
  if (url === undefined || wanted.by !== "gateway") return url;
  if (wanted.parents.every((parent) => lookup(parent) !== undefined)) return url;
  return told === url.replace(/^https:/, "http:") ? told : url;
}
