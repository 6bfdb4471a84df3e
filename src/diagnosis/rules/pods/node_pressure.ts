/** The pod's node is not well. */
import { list } from "../../foreign.ts";
import { timeText } from "../../core_events.ts";
import { type NodeView, nodeView } from "../../pods/amounts.ts";
import { NOT_RUNNING } from "../../pods/downstream.ts";
import { podFacts, podNames } from "../../pods/pod_facts.ts";
import { isReadyPod, type PodView } from "../../pods/pod_view.ts";
import { describePod, shellWord } from "../../pods/steps.ts";
import { valueOf } from "../../seen.ts";
import type { Finding, Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

const PRESSURES: Readonly<Record<string, string>> = {
  MemoryPressure: "low on memory",
  DiskPressure: "low on disk",
  PIDPressure: "low on processes",
  NetworkUnavailable: "without a network",
};

/** See the file's head. */
export const nodePressure: Rule = {
  id: "node-pressure",
  subjects: ALL_SUBJECTS,
  needs: ["pods", "nodes"],
  depth: 83,
  explains: [...NOT_RUNNING, "pod-evicted", "readiness-failing", "sandbox-failing"],
  docs: {
    title: "The pod's node is not well",
    symptom: "The pod is evicted, does not start, or is not ready.",
    cause: "Its node is low on memory, disk or processes, or has no network.",
    evidence: "The node's conditions.",
    remedy: "Make room on the node, or drain it.",
  },
  find(facts) {
    const nodes = list(valueOf(facts.nodes)).map(nodeView);
    return nodes.flatMap((node): Finding[] => {
      const pods = podsOn(facts, node);
      const [pod] = pods;
      const conditions = node.conditions.filter(({ type, status }) =>
        status === "True" && PRESSURES[type] !== undefined
      );
      if (pod === undefined || conditions.length === 0) return [];
      return [{
        cause: `Node ${node.name} is ${conditions.map(({ type }) => PRESSURES[type]).join(" and ")}, and ${
          podNames(pods)
        } is on it.`,
        confidence: pod.reason === "Evicted" ? "certain" : "likely",
        evidence: conditions.map(({ type, reason, message, at }) => ({
          source: `status of node ${node.name}`,
          ...(at === 0 ? {} : { at: timeText(at) }),
          quote: `${type}: ${reason}: ${message}`,
        })),
        next: [
          { text: "See the node.", command: `kubectl describe node ${shellWord(node.name)}` },
          describePod(pod),
        ],
      }];
    });
  },
};

/** Those on the node that are not well. */
export function podsOn(facts: Parameters<typeof podFacts>[0], { name }: NodeView): readonly PodView[] {
  return podFacts(facts).all.filter((pod) =>
    pod.node === name && !isReadyPod(pod) && pod.phase !== "Succeeded"
  );
}
