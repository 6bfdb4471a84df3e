/** The parts of a control plane's spec that shape its pods. All of them are optional. */
import { z } from "zod";
import {
  type Constraints,
  embedded,
  flag,
  group,
  int64,
  intOrText,
  list,
  optional,
  type Rule,
} from "./field.ts";
import { containerFields, placementFields } from "./pods.ts";

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
    ...containerFields({
      container: "coder",
      ofContainer: "the Coder container",
      program: "the Coder server",
      args: "--http-address=0.0.0.0:8080",
    }),
    ...placementFields(),
    command: list(
      "Command of the Coder container. Default: the image's own. With a command of your own, args must name the server, too. Example: - /opt/coder.",
      z.string(),
    ),
    args: list(
      "Arguments of the Coder container in place of the operator's (--http-address=0.0.0.0:8080); extraArgs still follow. Example: - server.",
      z.string(),
    ),
    // Spelled out in the definition, as it was before other kinds had volumes.
    volumes: list("Volumes of the pod, beside those for certificates.", embedded("Volume")),
    terminationGracePeriodSeconds: optional(int64(
      "Seconds that a pod gets to finish running builds before it is killed. Default: 60 for pods that this version renders.",
      { minimum: 0 },
    )),
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
