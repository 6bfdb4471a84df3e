/** The parts of a control plane's spec that shape its pods beyond what the Go operator knew. All of them are optional. */
import { z } from "zod";
import { embedded, flag, group, int64, list, optional, text, textMap } from "./field.ts";
import { OBJECT_NAME } from "./patterns.ts";

/** Fields of `spec` about the pods and their Deployment. */
export function workload() {
  return {
    command: list(
      "Command of the Coder container. Default: the image's own. With a command of your own, args must name the server, too.",
      z.string(),
    ),
    args: list(
      "Arguments of the Coder container in place of the operator's; extraArgs still follow. Example: - server.",
      z.string(),
    ),
    initContainers: list(
      "Containers that run to their end before Coder starts, in order.",
      embedded("Container"),
    ),
    lifecycle: optional(embedded("Lifecycle", "Hooks of the Coder container: postStart and preStop.")),
    podLabels: textMap("Labels of the pods, beside those of the operator, which win."),
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
      ),
    ),
    podDisruptionBudget: optional(group(
      "Keeps pods during node drains. Give one of minAvailable and maxUnavailable.",
      {
        disabled: optional(flag("Make no PodDisruptionBudget.")),
        minAvailable: optional(intOrPercent("Pods that must stay: a number or a percentage.")),
        maxUnavailable: optional(intOrPercent("Pods that may go at a time: a number or a percentage.")),
      },
    )),
  };
}

/** A number, or a percentage as text. */
export function intOrPercent(description: string) {
  return z.custom<number | string>(
    (value) => typeof value === "string" || Number.isInteger(value),
    "expected a whole number or a text",
  ).meta({ description, "x-kubernetes-int-or-string": true });
}
