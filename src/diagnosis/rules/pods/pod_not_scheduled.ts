/** Nobody has looked for a node yet, or something holds the pod back before. */
import { timeText } from "../../core_events.ts";
import { NOT_STARTED } from "../../pods/downstream.ts";
import { podFacts } from "../../pods/pod_facts.ts";
import { conditionOf, isOver } from "../../pods/pod_view.ts";
import { describePod } from "../../pods/steps.ts";
import type { Finding, Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

/** Schedulers look within seconds. */
const LONG_MS = 30_000;

/** See the file's head. */
export const podNotScheduled: Rule = {
  id: "pod-not-scheduled",
  subjects: ALL_SUBJECTS,
  needs: ["pods"],
  depth: 80,
  explains: NOT_STARTED,
  docs: {
    title: "No scheduler has placed the pod",
    symptom: "The pod stays Pending, and no event tells why.",
    cause:
      "A scheduling gate holds it, the scheduler that it names does not run, or the cluster's scheduler is down.",
    evidence: "The pod's own status.",
    remedy: "Remove the gate, name another scheduler, or bring the scheduler back.",
  },
  find(facts) {
    const { current, now } = podFacts(facts);
    return current.flatMap((pod): Finding[] => {
      const condition = conditionOf(pod, "PodScheduled");
      if (pod.node !== "" || isOver(pod) || pod.createdAt === 0 || now - pod.createdAt < LONG_MS) return [];
      if (condition !== undefined && condition.reason !== "SchedulingGated") return [];
      const isGated = condition !== undefined;
      return [{
        cause: isGated
          ? `Pod ${pod.ref} waits until its scheduling gates are removed.`
          : `No scheduler has looked at pod ${pod.ref} yet: the one that it names may not run.`,
        confidence: isGated ? "certain" : "likely",
        evidence: [{
          source: `status of pod ${pod.ref}`,
          at: timeText(condition?.at || now),
          quote: isGated
            ? `${condition.reason}: ${condition.message}`
            : `phase ${pod.phase || "unknown"} since ${
              timeText(pod.createdAt)
            }, without a PodScheduled condition`,
        }],
        next: [describePod(pod)],
      }];
    });
  },
};
