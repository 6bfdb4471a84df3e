/** Fields of `spec` about pods: those of all kinds run one container of Coder's image. */
import { z } from "zod";
import { brief, embedded, list, optional, type Rule, text, textMap } from "./field.ts";
import { LABEL_VALUE, OBJECT_NAME } from "./patterns.ts";

/** How the texts speak of one kind. */
export interface PodWords {
  /** Name of the container, which no other container may have. */
  readonly container: string;
  /** The container in a sentence, such as `the provisioner container`. */
  readonly ofContainer: string;
  /** What runs in it, such as `the daemon`. */
  readonly program: string;
  /** The arguments that the operator gives it. */
  readonly args: string;
}

const RECREATE_RULE: Rule = {
  rule: "!has(self.rollingUpdate) || !has(self.type) || self.type != 'Recreate'",
  message: "rollingUpdate has no place beside type Recreate",
  fieldPath: ".rollingUpdate",
};

const REFERENCE_NAME_RULE: Rule = {
  rule: "has(self.name) && self.name != ''",
  message: "name must not be empty",
  fieldPath: ".name",
};

const ENV_FROM_RULE: Rule = {
  rule: "self.all(source, !(has(source.configMapRef) && has(source.secretRef)))",
  message: "an entry of envFrom names a ConfigMap or a Secret, not both",
};

const envFromOverlay = {
  properties: {
    configMapRef: { "x-kubernetes-validations": [REFERENCE_NAME_RULE] },
    secretRef: { "x-kubernetes-validations": [REFERENCE_NAME_RULE] },
  },
};

/** What runs in the pods: container, volumes, security. All of it is optional. */
export function containerFields({ container, ofContainer, program, args }: PodWords) {
  const nameRule: Rule = {
    rule: `self.all(one, one.name != '${container}')`,
    message: `${container} is the name of ${ofContainer}`,
  };
  return {
    command: list(`Command of ${ofContainer}. Default: /opt/coder.`, z.string()),
    args: list(
      `Arguments of ${ofContainer} in place of the operator's (${args}); extraArgs still follow.`,
      z.string(),
    ),
    envFrom: list(
      `ConfigMaps and Secrets whose keys become environment variables of ${program}.`,
      embedded("EnvFromSource", undefined, envFromOverlay),
      { "x-kubernetes-validations": [ENV_FROM_RULE] },
    ),
    volumes: list("Volumes of the pods.", brief("Volume")),
    volumeMounts: list(`Where ${ofContainer} mounts these volumes.`, embedded("VolumeMount")),
    initContainers: list(
      `Containers that run to their end before ${program} starts, in order.`,
      brief("Container"),
      { "x-kubernetes-validations": [nameRule] },
    ),
    lifecycle: optional(embedded("Lifecycle", `Hooks of ${ofContainer}: postStart and preStop.`)),
    securityContext: optional(
      embedded(
        "SecurityContext",
        `Security settings of ${ofContainer}, such as runAsNonRoot or dropped capabilities.`,
      ),
    ),
    podSecurityContext: optional(
      embedded("PodSecurityContext", "Security settings of the pods, such as fsGroup or seccompProfile."),
    ),
  };
}

/** How the pods are marked, placed and replaced. All of it is optional. */
export function placementFields() {
  return {
    podLabels: textMap("Labels of the pods, beside those of the operator, which win.", {
      pattern: LABEL_VALUE,
      maxLength: 63,
    }),
    podAnnotations: textMap("Annotations of the pods. Example: prometheus.io/scrape: 'true'."),
    priorityClassName: optional(
      text("PriorityClass of the pods: who is evicted first.", { pattern: OBJECT_NAME, maxLength: 253 }),
    ),
    hostAliases: list("Lines of the pods' /etc/hosts.", embedded("HostAlias")),
    nodeSelector: textMap(
      "Labels that a node must have to run the pods. Example: kubernetes.io/arch: amd64.",
    ),
    tolerations: list("Taints of nodes that the pods tolerate.", embedded("Toleration")),
    topologySpreadConstraints: list(
      "How the pods spread over zones and nodes.",
      embedded("TopologySpreadConstraint"),
    ),
    affinity: optional(
      embedded("Affinity", "Which nodes and which neighbours the pods prefer, need or avoid."),
    ),
    strategy: optional(
      embedded(
        "DeploymentStrategy",
        "How pods are replaced. Default: one more pod at a time, and none less than wanted.",
        {
          properties: { type: { enum: ["", "Recreate", "RollingUpdate"] } },
          "x-kubernetes-validations": [RECREATE_RULE],
        },
      ),
    ),
  };
}

/** The fields of both, with their defaults. */
export type PodFields = z.output<
  z.ZodObject<ReturnType<typeof containerFields> & ReturnType<typeof placementFields>>
>;
