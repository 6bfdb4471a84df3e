/** The Service and the Deployment of a workspace proxy, as they should be. */
import type { Deployment, Service } from "../api/kubernetes/types.ts";
import type { KubeObject } from "../api/object.ts";
import type { WorkspaceProxy } from "../api/workspace_proxy.ts";
import type { ChildIdentity } from "../workload/child.ts";
import { deployment, type DeploymentParts } from "../workload/deployment.ts";
import { standardLabels } from "../workload/labels.ts";
import { workspaceProxyName } from "../workload/names.ts";
import { service } from "../workload/service.ts";
import { internalUrl, type ServiceAddress, servicePort } from "../workload/urls.ts";

/** Port of the pods. */
export const PROXY_PORT = 3001;

/** Name of every child but the token's Secret. */
export function childName({ metadata }: Pick<KubeObject, "metadata">): string {
  return workspaceProxyName(metadata.name ?? "");
}

/** Labels of every child; also the selector of the pods. */
export function childLabels({ metadata }: Pick<KubeObject, "metadata">): Record<string, string> {
  return standardLabels("coder-workspace-proxy", metadata.name ?? "");
}

/** What marks every child but the token's Secret. */
export function childIdentity(proxy: WorkspaceProxy): ChildIdentity {
  const { namespace = "" } = proxy.metadata;
  return { name: childName(proxy), namespace, labels: childLabels(proxy) };
}

/** What the Service is reached by. */
export function serviceAddress(proxy: WorkspaceProxy, clusterDomain?: string): ServiceAddress {
  const { metadata, spec } = proxy;
  const namespace = metadata.namespace ?? "";
  return { name: childName(proxy), namespace, port: spec.service.port, tls: false, clusterDomain };
}

/** `status.internalURL` */
export function internalAddress(proxy: WorkspaceProxy, clusterDomain?: string): string {
  return internalUrl(serviceAddress(proxy, clusterDomain));
}

/** The Service. Cluster address, node ports that nobody asked for and all else stay as the cluster gave them. */
export function desiredService(proxy: WorkspaceProxy): Service {
  const { spec: { service: settings } } = proxy;
  return service(childIdentity(proxy), settings, [
    { name: "http", port: servicePort(settings.port), targetPort: PROXY_PORT, protocol: "TCP" },
  ]);
}

/** The Deployment for the applier. */
export function desiredDeployment(proxy: WorkspaceProxy, parts: DeploymentParts): Deployment {
  return deployment(childIdentity(proxy), proxy.spec.replicas, parts);
}
