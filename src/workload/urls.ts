/** The addresses of a workload's Service inside the cluster. */

/** What leads to a control plane's addresses. */
export interface ServiceAddress {
  name: string;
  namespace: string;
  /** `spec.service.port`; absent or 0 means 80. */
  port?: number | undefined;
  /** Built-in TLS is on. */
  tls: boolean;
}

/**
 * Where one replica reaches another. An IPv6 address of the pod would need brackets, which a value made of `$(…)` alone
 * cannot add only when they are needed; the value stays the Go operator's.
 */
export const RELAY_URL = "http://$(KUBE_POD_IP):8080";

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
  const host = serviceHost(address.name, address.namespace);
  if (address.tls) return `https://${host}`;
  const port = servicePort(address.port);
  return port === 80 ? `http://${host}` : `http://${host}:${port}`;
}

/** `status.url`: always with its port. */
export function statusUrl(address: ServiceAddress): string {
  const host = serviceHost(address.name, address.namespace);
  return address.tls ? `https://${host}:443` : `http://${host}:${servicePort(address.port)}`;
}

/** Where callers inside the cluster reach Coder, over plain HTTP: no certificate has to match. */
export function internalUrl(address: ServiceAddress, clusterDomain?: string): string {
  return `http://${serviceHost(address.name, address.namespace, clusterDomain)}:${plainPort(address)}`;
}
