/** The Service, Deployment and PodDisruptionBudget of a workspace proxy, as they should be. */
import type {
  Deployment,
  DeploymentStrategy,
  PodDisruptionBudget,
  PodTemplateSpec,
  Service,
} from "../api/kubernetes/types.ts";
import type { WorkspaceProxy } from "../api/workspace_proxy.ts";
import { disruptionBudget } from "../workload/disruption_budget.ts";
import { standardLabels } from "../workload/labels.ts";
import { workspaceProxyName } from "../workload/names.ts";
import { REPLICAS_ANNOTATION } from "../workload/replicas.ts";
import { serviceSpec } from "../workload/service.ts";
import { INPUTS_ANNOTATION, RENDERING_ANNOTATION } from "../workload/template_decision.ts";
import { internalUrl, type ServiceAddress, servicePort } from "../workload/urls.ts";

/** Port of the pods. */
export const PROXY_PORT = 3001;

/** Name of every child but the token's Secret. */
export function childName({ metadata }: WorkspaceProxy): string {
  return workspaceProxyName(metadata.name ?? "");
}

/** Labels of every child; also the selector of the pods. */
export function childLabels({ metadata }: WorkspaceProxy): Record<string, string> {
  return standardLabels("coder-workspace-proxy", metadata.name ?? "");
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
  const { metadata: { namespace = "" }, spec: { service } } = proxy;
  const labels = childLabels(proxy);
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: childName(proxy),
      namespace,
      labels,
      ...(Object.keys(service.annotations).length > 0 && { annotations: service.annotations }),
    },
    spec: serviceSpec(service, labels, [
      { name: "http", port: servicePort(service.port), targetPort: PROXY_PORT, protocol: "TCP" },
    ]),
  };
}

/** What was decided about the parts that may be left to others. */
export interface ProxyDeploymentParts {
  /** Undefined leaves the template that is there. */
  template: PodTemplateSpec | undefined;
  /** Undefined leaves the number to an autoscaler. */
  replicas: number | undefined;
  /** The hash of what the template is made from. */
  inputs: string;
  /** The value of the rendering annotation. */
  rendering: string;
  /** Annotations of what else shapes the template. */
  recorded: Readonly<Record<string, string>>;
  /** Undefined leaves that which is there. */
  strategy: DeploymentStrategy | undefined;
}

/** The Deployment for the applier. */
export function desiredDeployment(proxy: WorkspaceProxy, parts: ProxyDeploymentParts): Deployment {
  const { metadata: { namespace = "" }, spec } = proxy;
  const { template, replicas, inputs, rendering, recorded, strategy } = parts;
  const labels = childLabels(proxy);
  const deploymentSpec = {
    ...(replicas !== undefined && { replicas }),
    selector: { matchLabels: labels },
    ...(strategy !== undefined && { strategy }),
    ...(template !== undefined && { template }),
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: childName(proxy),
      namespace,
      labels,
      annotations: {
        [INPUTS_ANNOTATION]: inputs,
        [RENDERING_ANNOTATION]: rendering,
        [REPLICAS_ANNOTATION]: String(spec.replicas),
        ...recorded,
      },
    },
    // An apply may leave out what is there already; the type describes whole objects.
    spec: deploymentSpec as NonNullable<Deployment["spec"]>,
  };
}

/** Undefined where there should be none. `replicas`: how many pods there are. */
export function desiredDisruptionBudget(
  proxy: WorkspaceProxy,
  replicas: number,
): PodDisruptionBudget | undefined {
  const { metadata: { namespace = "" }, spec } = proxy;
  const name = childName(proxy);
  return disruptionBudget(spec.podDisruptionBudget, {
    name,
    namespace,
    labels: childLabels(proxy),
    replicas,
  });
}
