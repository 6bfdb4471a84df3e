/** Other pods are in the way: ports, spreading, affinity between pods. */
import { NOT_STARTED } from "../../pods/downstream.ts";
import { podNames } from "../../pods/pod_facts.ts";
import { reasonsOf, unplacedPods } from "../../pods/scheduling.ts";
import { correct, describePod } from "../../pods/steps.ts";
import type { Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

/** See the file's head. */
export const unschedulablePods: Rule = {
  id: "unschedulable-pods",
  subjects: ALL_SUBJECTS,
  needs: ["pods", "events"],
  depth: 81,
  explains: NOT_STARTED,
  docs: {
    title: "Rules about other pods keep the pod from all nodes",
    symptom: "The pod stays Pending and has no node.",
    cause:
      "Its pod affinity, anti-affinity or topology spread allows no node, or its host port is taken everywhere.",
    evidence: "The scheduler's words.",
    remedy: "Loosen the rule (preferred instead of required), or add nodes.",
  },
  find: (facts) =>
    unplacedPods(facts).flatMap((group) => {
      const [{ pod, evidence }] = group;
      const reasons = reasonsOf(group[0], "spread", "ports", "other");
      if (reasons.length === 0) return [];
      const isPorts = reasons.every(({ obstacle }) => obstacle === "ports");
      const isSpread = reasons.some(({ obstacle }) => obstacle === "spread");
      const which = podNames(group.map((one) => one.pod));
      return [{
        cause: `No node can take ${which}: ${
          isPorts
            ? "its host port is taken on every node"
            : isSpread
            ? "its rules about other pods (affinity, anti-affinity or topology spread) allow none"
            : reasons.map(({ words }) => words).join("; ")
        }.`,
        confidence: "certain" as const,
        evidence,
        next: [
          correct(facts, isPorts ? "the host port" : "the affinity or topology spread"),
          describePod(pod),
        ],
      }];
    }),
};
