/** The parts of the Gateway API (`gateway.networking.k8s.io/v1`) that the product writes and reads. */
import type { Condition } from "./kubernetes/types.ts";
import type { KubeObject, ResourceType } from "./object.ts";

/** A Gateway, or a listener of one, that a route attaches to. */
export interface RouteParentReference {
  group?: string;
  kind?: string;
  name: string;
  namespace?: string;
  sectionName?: string;
  port?: number;
}

/** `HTTPRoute`, as far as it is used. */
export interface HTTPRoute extends KubeObject {
  spec?: {
    parentRefs?: RouteParentReference[];
    hostnames?: string[];
    rules?: {
      matches?: { path?: { type?: string; value?: string } }[];
      backendRefs?: {
        group?: string;
        kind?: string;
        name: string;
        namespace?: string;
        port?: number;
        weight?: number;
      }[];
    }[];
  };
  status?: {
    parents?: {
      parentRef: RouteParentReference;
      controllerName: string;
      conditions?: Condition[];
    }[];
  };
}

/** `Gateway`, as far as it is read. */
export interface Gateway extends KubeObject {
  spec?: {
    listeners?: {
      name: string;
      /** `HTTP`, `HTTPS`, `TLS`, `TCP`, `UDP`, or a domain-prefixed name of an implementation's own. */
      protocol: string;
      port: number;
      /** Absent or empty: every host name. */
      hostname?: string;
    }[];
  };
  status?: { addresses?: { type?: string; value: string }[] };
}

/** `gateways.gateway.networking.k8s.io` */
export const Gateways: ResourceType<Gateway> = {
  group: "gateway.networking.k8s.io",
  version: "v1",
  kind: "Gateway",
  plural: "gateways",
  namespaced: true,
};

/** `httproutes.gateway.networking.k8s.io` */
export const HTTPRoutes: ResourceType<HTTPRoute> = {
  group: "gateway.networking.k8s.io",
  version: "v1",
  kind: "HTTPRoute",
  plural: "httproutes",
  namespaced: true,
};
