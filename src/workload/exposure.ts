/** The objects that lead to a workload's Service from outside the cluster, as they should be. */
import type { HTTPRoute } from "../api/gateway.ts";
import type { Ingress, IngressRule, IngressTLS } from "../api/kubernetes/types.ts";
import { type ChildIdentity, childMetadata } from "./child.ts";

/** What is exposed, and as which Ingress or HTTPRoute. */
export interface Exposure extends ChildIdentity {
  /** Host names, the main one first; no white space. */
  hosts: readonly string[];
  /** A Service of the same namespace, and its plain HTTP port. */
  backend: { service: string; port: number };
}

/** What an Ingress has beside. */
export interface IngressSettings {
  /** Empty: the cluster's default class. */
  className: string;
  annotations: Readonly<Record<string, string>>;
  certificates: readonly { secretName: string; hosts: readonly string[] }[];
}

/** A Gateway that a route attaches to, and the listener of it where not every one that fits. */
export interface RouteParent {
  name: string;
  namespace?: string;
  sectionName?: string;
}

/** The Ingress: everything on every host goes to the Service. */
export function desiredIngress(exposure: Exposure, settings: IngressSettings): Ingress {
  const { className, annotations, certificates } = settings;
  const { service, port } = exposure.backend;
  const rules: IngressRule[] = exposure.hosts.map((host) => ({
    host,
    http: {
      paths: [{
        path: "/",
        pathType: "Prefix",
        backend: { service: { name: service, port: { number: port } } },
      }],
    },
  }));
  const tls: IngressTLS[] = certificates.map(({ secretName, hosts }) => ({ secretName, hosts: [...hosts] }));
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: childMetadata(exposure, annotations),
    spec: {
      ...(className !== "" && { ingressClassName: className }),
      rules,
      ...(tls.length > 0 && { tls }),
    },
  };
}

/** The HTTPRoute: everything on every host goes to the Service. */
export function desiredRoute(exposure: Exposure, parents: readonly RouteParent[]): HTTPRoute {
  const { service, port } = exposure.backend;
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: childMetadata(exposure),
    spec: {
      parentRefs: parents.map((parent) => ({ ...parent })),
      hostnames: [...exposure.hosts],
      rules: [{
        matches: [{ path: { type: "PathPrefix", value: "/" } }],
        backendRefs: [{ group: "", kind: "Service", name: service, port }],
      }],
    },
  };
}
