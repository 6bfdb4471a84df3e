/** The addresses of a workload's Service inside the cluster. */
import type { ControlPlane } from "../api/control_plane.ts";

/** What leads to a control plane's addresses. */
export interface ServiceAddress {
  name: string;
  namespace: string;
  /** `spec.service.port`; absent or 0 means 80. */
  port?: number | undefined;
  /** Built-in TLS is on. */
  tls: boolean;
  /** DNS domain of the cluster. @default {"cluster.local"} */
  clusterDomain?: string | undefined;
}

/** What a control plane's Service is reached by. */
export function controlPlaneAddress(
  { metadata, spec }: ControlPlane,
  clusterDomain?: string,
): ServiceAddress {
  return {
    name: metadata.name ?? "",
    namespace: metadata.namespace ?? "",
    port: spec.service.port,
    tls: spec.tls.secretNames.length > 0,
    clusterDomain,
  };
}

/** The family of a pod's own address, which is the first family of its cluster. */
export type IpFamily = "IPv4" | "IPv6";

/** Where one replica reaches another. */
export const RELAY_URL = "CODER_DERP_SERVER_RELAY_URL";

/**
 * The value of {@linkcode RELAY_URL}. A URL has an IPv6 address in brackets, which a value made of `$(…)` cannot add only
 * when they are needed: the family must be known. `port`: of the relay; by default that of Coder itself.
 */
export function relayUrl(family: IpFamily | undefined, port = 8080): string {
  return family === "IPv6" ? `http://[$(KUBE_POD_IP)]:${port}` : `http://$(KUBE_POD_IP):${port}`;
}

/** The Service's port in effect. */
export function servicePort(port: number | undefined): number {
  return port === undefined || port === 0 ? 80 : port;
}

/** The Service's plain HTTP port, which exists with TLS, too. */
export function plainPort(address: ServiceAddress): number {
  const port = servicePort(address.port);
  return address.tls && port === 443 ? 80 : port;
}

/** DNS domain of most clusters. */
export const CLUSTER_DOMAIN = "cluster.local";

/** The DNS name of a Service. */
export function serviceHost(name: string, namespace: string, clusterDomain = CLUSTER_DOMAIN): string {
  return `${name}.${namespace}.svc.${clusterDomain}`;
}

/** `CODER_ACCESS_URL` where the user gives none: without the port where it is the scheme's own. */
export function clusterAccessUrl(address: ServiceAddress): string {
  const host = serviceHost(address.name, address.namespace, address.clusterDomain);
  if (address.tls) return `https://${host}`;
  const port = servicePort(address.port);
  return port === 80 ? `http://${host}` : `http://${host}:${port}`;
}

/** `status.url`: always with its port. */
export function statusUrl(address: ServiceAddress): string {
  const host = serviceHost(address.name, address.namespace, address.clusterDomain);
  return address.tls ? `https://${host}:443` : `http://${host}:${servicePort(address.port)}`;
}

/** Where callers inside the cluster reach Coder, over plain HTTP: no certificate has to match. */
export function internalUrl(address: ServiceAddress, clusterDomain = address.clusterDomain): string {
  return `http://${serviceHost(address.name, address.namespace, clusterDomain)}:${plainPort(address)}`;
}
