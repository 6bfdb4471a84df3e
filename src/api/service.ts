/** `service`: the Service of a kind with pods. */
import { z } from "zod";
import {
  group,
  int32,
  intOrText,
  list,
  optional,
  type Rule,
  stored,
  text,
  textMap,
  textOr,
} from "./field.ts";
import { CIDR, IP_ADDRESS, PORT_NAME } from "./patterns.ts";

/** The port of a Service where none is named. */
export const DEFAULT_SERVICE_PORT = 80;

/** True where the Service gets ports on nodes, or an address outside the cluster. */
const BALANCED = "has(self.type) && self.type == 'LoadBalancer'";
const OUTSIDE = "has(self.type) && self.type in ['NodePort', 'LoadBalancer']";

function needs(field: string, condition: string, types: string): Rule {
  return {
    rule: `!has(self.${field}) || (${condition})`,
    message: `${field} needs a Service of type ${types}`,
    fieldPath: `.${field}`,
  };
}

const RULES: readonly Rule[] = [
  needs("loadBalancerClass", BALANCED, "LoadBalancer"),
  needs("loadBalancerIP", BALANCED, "LoadBalancer"),
  needs("loadBalancerSourceRanges", BALANCED, "LoadBalancer"),
  needs("externalTrafficPolicy", OUTSIDE, "NodePort or LoadBalancer"),
  needs("httpNodePort", OUTSIDE, "NodePort or LoadBalancer"),
  needs("httpsNodePort", OUTSIDE, "NodePort or LoadBalancer"),
];

const EXTRA_PORTS_RULE: Rule = {
  rule: "self.all(one, !(one.name in ['http', 'https']))",
  message: "http and https are the Service's own ports",
};

/** `service`: how the pods are reached inside the cluster. */
export function service(what: string) {
  return stored(
    group(`How ${what} is reached inside the cluster: the Service that the operator keeps.`, {
      type: stored(
        textOr(
          "ClusterIP",
          "Kind of Service: ClusterIP (inside the cluster alone), NodePort or LoadBalancer.",
          {
            enum: ["", "ClusterIP", "NodePort", "LoadBalancer"],
          },
        ),
        "ClusterIP",
      ),
      port: stored(
        int32("Port of the Service, 1 to 65535; 0 means the default, 80. Example: 8080.", {
          minimum: 0,
          maximum: 65535,
        }).transform((port) => port === 0 ? DEFAULT_SERVICE_PORT : port),
        DEFAULT_SERVICE_PORT,
      ),
      annotations: textMap(
        "Annotations of the Service, for instance to tell a cloud load balancer what to do. Annotations that others set stay.",
      ),
      ...reach(),
      ...ports(),
    }, { "x-kubernetes-validations": RULES }),
    {},
  );
}

/** `service`, with its defaults. */
export type ServiceSettings = z.output<ReturnType<typeof service>>;

/** How traffic comes to the pods. */
function reach() {
  return {
    sessionAffinity: optional(text(
      "ClientIP sends every request of one client to the same pod. Default: None.",
      { enum: ["None", "ClientIP"] },
    )),
    externalTrafficPolicy: optional(text(
      "Local keeps the client's address and uses pods of the node alone that traffic arrives at. Default: Cluster.",
      { enum: ["Cluster", "Local"] },
    )),
    internalTrafficPolicy: optional(text(
      "Local lets traffic inside the cluster reach pods of its own node alone. Default: Cluster.",
      { enum: ["Cluster", "Local"] },
    )),
    loadBalancerClass: optional(text(
      "Which implementation makes the load balancer. Cannot be changed later. Example: service.k8s.aws/nlb.",
      { minLength: 1, maxLength: 316 },
    )),
    loadBalancerIP: optional(text(
      "Address that the load balancer should get, where the cloud can do that.",
      { pattern: IP_ADDRESS },
    )),
    loadBalancerSourceRanges: optional(
      z.array(text("", { pattern: CIDR })).meta({
        description: "Addresses that may use the load balancer. Default: all. Example: - 10.0.0.0/8.",
      }),
    ),
    ipFamilyPolicy: optional(text(
      "SingleStack, PreferDualStack or RequireDualStack. Default: SingleStack.",
      { enum: ["SingleStack", "PreferDualStack", "RequireDualStack"] },
    )),
    ipFamilies: optional(
      z.array(text("", { enum: ["IPv4", "IPv6"] })).meta({
        description: "Address families, the first one first. Default: those of the cluster.",
        maxItems: 2,
      }),
    ),
  };
}

function ports() {
  const nodePort = (what: string) =>
    optional(int32(`Port ${what} on every node. Default: one that the cluster chooses.`, {
      minimum: 1,
      maximum: 65535,
    }));
  return {
    httpNodePort: nodePort("of plain HTTP"),
    httpsNodePort: nodePort("of HTTPS"),
    extraPorts: list(
      "Further ports of the Service. Example: - {name: prometheus, port: 2112}.",
      group("One port.", {
        name: text("Name of the port.", { pattern: PORT_NAME, maxLength: 63 }),
        port: int32("Port of the Service.", { minimum: 1, maximum: 65535 }),
        targetPort: optional(
          intOrText("Port of the pods: a number, or the name of a container's port. Default: as port."),
        ),
        protocol: optional(text("TCP, UDP or SCTP. Default: TCP.", { enum: ["TCP", "UDP", "SCTP"] })),
        appProtocol: optional(text("Protocol above it, as meshes and gateways read it. Example: http.")),
        nodePort: nodePort("of this one"),
      }),
      { "x-kubernetes-validations": [EXTRA_PORTS_RULE] },
    ),
  };
}
