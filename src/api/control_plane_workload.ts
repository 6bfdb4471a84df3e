/** The parts of a control plane's spec that shape its pods beyond what the Go operator knew. All of them are optional. */
import { z } from "zod";
import {
  brief,
  type Constraints,
  embedded,
  flag,
  group,
  int64,
  intOrText,
  list,
  optional,
  type Rule,
  text,
  textMap,
} from "./field.ts";
import { LABEL_VALUE, OBJECT_NAME } from "./patterns.ts";

const INIT_CONTAINER_RULE: Rule = {
  rule: "self.all(one, one.name != 'coder')",
  message: "coder is the name of the Coder container",
};

/** Of `strategy`. */
export const RECREATE_RULE: Rule = {
  rule: "!has(self.rollingUpdate) || !has(self.type) || self.type != 'Recreate'",
  message: "rollingUpdate has no place beside type Recreate",
  fieldPath: ".rollingUpdate",
};

const BUDGET_RULE: Rule = {
  rule: "!(has(self.minAvailable) && has(self.maxUnavailable))",
  message: "give one of minAvailable and maxUnavailable",
};

const AMOUNT_RULE: Rule = {
  rule: "type(self) == int ? self >= 0 : self.matches('^(100|[0-9]{1,2})%$')",
  message: "expected 0 or more, or a percentage such as 50%",
};

/** Fields of `spec` about the pods and their Deployment. */
export function workload() {
  return {
    command: list(
      "Command of the Coder container. Default: the image's own. With a command of your own, args must name the server, too. Example: - /opt/coder.",
      z.string(),
    ),
    args: list(
      "Arguments of the Coder container in place of the operator's (--http-address=0.0.0.0:8080); extraArgs still follow. Example: - server.",
      z.string(),
    ),
    initContainers: list(
      "Containers that run to their end before Coder starts, in order.",
      brief("Container"),
      { "x-kubernetes-validations": [INIT_CONTAINER_RULE] },
    ),
    lifecycle: optional(embedded("Lifecycle", "Hooks of the Coder container: postStart and preStop.")),
    podLabels: textMap("Labels of the pods, beside those of the operator, which win.", {
      pattern: LABEL_VALUE,
      maxLength: 63,
    }),
    podAnnotations: textMap("Annotations of the pods. Example: prometheus.io/scrape: 'true'."),
    priorityClassName: optional(
      text("PriorityClass of the pods: who is evicted first.", { pattern: OBJECT_NAME, maxLength: 253 }),
    ),
    hostAliases: list("Lines of the pods' /etc/hosts.", embedded("HostAlias")),
    terminationGracePeriodSeconds: optional(int64(
      "Seconds that a pod gets to finish running builds before it is killed. Default: 60 for pods that this version renders.",
      { minimum: 0 },
    )),
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
    podDisruptionBudget: optional(podDisruptionBudget()),
  };
}

/** `podDisruptionBudget` */
export function podDisruptionBudget() {
  const amount: Constraints = { "x-kubernetes-validations": [AMOUNT_RULE] };
  return group(
    "Keeps pods during node drains. Default: one pod may go at a time, where there is more than one.",
    {
      disabled: optional(flag("Make no PodDisruptionBudget.")),
      minAvailable: optional(intOrText("Pods that must stay: a number or a percentage.", amount)),
      maxUnavailable: optional(intOrText("Pods that may go at a time: a number or a percentage.", amount)),
    },
    { "x-kubernetes-validations": [BUDGET_RULE] },
  );
}
