/** Where the operator reaches a control plane's Coder. */
import type { ControlPlane } from "../../api/control_plane.ts";
import { keyText, type ObjectKey } from "../../api/object.ts";
import type { DeploymentAddress } from "../../coder/mod.ts";
import { controlPlaneAddress, internalUrl, plainPort } from "../../workload/urls.ts";

/** `direct`: the Service's DNS name. `kube-proxy`: through the API server's service proxy. */
export type CoderRoute = "direct" | "kube-proxy";

/** How addresses are chosen. */
export interface ReachOptions {
  /** Addresses that the user gave, by `namespace/name` of the control plane. They win. */
  endpoints: ReadonlyMap<string, string>;
  route: CoderRoute;
  /** DNS domain of the cluster. @default {"cluster.local"} */
  clusterDomain?: string;
}

/** In front of the addresses of Services that are reached through the API server: `kube-proxy://namespace/service:port`. */
export const KUBE_PROXY_SCHEME = "kube-proxy://";

/**
 * The address for calls of the operator. Inside the cluster it is plain HTTP, whatever TLS users see: no certificate has to
 * match the Service's name.
 */
export function coderAddress(
  key: ObjectKey,
  controlPlane: ControlPlane,
  { endpoints, route, clusterDomain }: ReachOptions,
): DeploymentAddress {
  const given = endpoints.get(keyText(key));
  if (given !== undefined) return { url: given };
  const address = controlPlaneAddress(controlPlane);
  if (route === "direct") return { url: internalUrl(address, clusterDomain) };
  return { url: `${KUBE_PROXY_SCHEME}${key.namespace}/${key.name}:${plainPort(address)}` };
}

/** Reads an address of {@linkcode KUBE_PROXY_SCHEME}; undefined for others. */
export function parseKubeProxy(
  url: string,
): { namespace: string; service: string; port: number } | undefined {
  const match = /^kube-proxy:\/\/([^/]+)\/([^/:]+):(\d+)$/.exec(url);
  if (match === null) return undefined;
  return { namespace: match[1] ?? "", service: match[2] ?? "", port: Number(match[3]) };
}
