/** The Service of a workload, from the fields that control planes and proxies share. */
import type { Service, ServicePort } from "../api/kubernetes/types.ts";
import type { ServiceSettings } from "../api/service.ts";
import { type ChildIdentity, childMetadata } from "./child.ts";

/** A port that the operator gives every Service of its kind; `https` may be given a node port, too. */
export type OwnPort = ServicePort & { name: "http" | "https" };

/** The Service. Cluster address, node ports that nobody asked for and all else stay as the cluster gave them. */
export function service(
  child: ChildIdentity,
  settings: ServiceSettings & { annotations: Readonly<Record<string, string>> },
  ports: readonly OwnPort[],
): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: childMetadata(child, settings.annotations),
    spec: serviceSpec(settings, { ...child.labels }, ports),
  };
}

/** The part of a Service's `spec` that we say. Addresses, and node ports that nobody asked for, are the cluster's. */
export function serviceSpec(
  settings: ServiceSettings,
  selector: Record<string, string>,
  ports: readonly OwnPort[],
): NonNullable<Service["spec"]> {
  const { httpNodePort, httpsNodePort } = settings;
  const nodePorts = { http: httpNodePort, https: httpsNodePort };
  return {
    type: settings.type,
    selector,
    ports: [
      ...ports.map((port) => withNodePort(port, nodePorts[port.name])),
      ...settings.extraPorts.map(extraPort),
    ],
    ...given("sessionAffinity", settings.sessionAffinity),
    ...given("externalTrafficPolicy", settings.externalTrafficPolicy),
    ...given("internalTrafficPolicy", settings.internalTrafficPolicy),
    ...given("loadBalancerClass", settings.loadBalancerClass),
    ...given("loadBalancerIP", settings.loadBalancerIP),
    ...given("loadBalancerSourceRanges", settings.loadBalancerSourceRanges),
    ...given("ipFamilyPolicy", settings.ipFamilyPolicy),
    ...given("ipFamilies", settings.ipFamilies),
  };
}

function extraPort(port: ServiceSettings["extraPorts"][number]): ServicePort {
  const { name, port: number, targetPort = number, protocol = "TCP", appProtocol, nodePort } = port;
  return withNodePort(
    { name, port: number, targetPort, protocol, ...given("appProtocol", appProtocol) },
    nodePort,
  );
}

function withNodePort(port: ServicePort, nodePort: number | undefined): ServicePort {
  return { ...port, ...given("nodePort", nodePort) };
}

function given<K extends string, T>(name: K, value: T | undefined): { [P in K]?: T } {
  return (value === undefined ? {} : { [name]: value }) as { [P in K]?: T };
}
