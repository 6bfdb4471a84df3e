/** The pod's node is away. */
import { list } from "../../foreign.ts";
import { timeText } from "../../core_events.ts";
import { nodeView } from "../../pods/amounts.ts";
import { NOT_RUNNING } from "../../pods/downstream.ts";
import { podNames } from "../../pods/pod_facts.ts";
import { describePod, shellWord } from "../../pods/steps.ts";
import { valueOf } from "../../seen.ts";
import type { Finding, Rule } from "../../types.ts";
import { podsOn } from "./node_pressure.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

/** See the file's head. */
export const nodeNotReady: Rule = {
  id: "node-not-ready",
  subjects: ALL_SUBJECTS,
  needs: ["pods", "nodes"],
  depth: 88,
  explains: [
    ...NOT_RUNNING,
    "readiness-failing",
    "pod-stuck-terminating",
    "sandbox-failing",
    "node-pressure",
    "pod-evicted",
    "volume-mount-failing",
  ],
  docs: {
    title: "The pod's node is away",
    symptom: "The pod is not ready, Unknown, or stays Terminating; the workspace's agent is lost.",
    cause: "The node has stopped reporting, or says itself that it is not ready.",
    evidence: "The node's Ready condition.",
    remedy: "Bring the node back, or delete it from the cluster, so that its pods are made anew.",
  },
  find(facts) {
    return list(valueOf(facts.nodes)).map(nodeView).flatMap((node): Finding[] => {
      const ready = node.conditions.find(({ type }) => type === "Ready");
      const pods = podsOn(facts, node);
      const [pod] = pods;
      if (pod === undefined || ready === undefined || ready.status === "True") return [];
      const since = ready.at === 0 ? "" : ` since ${timeText(ready.at)}`;
      return [{
        cause: `Node ${node.name}, which has ${podNames(pods)}, ${
          ready.status === "Unknown" ? `has not been heard of${since}` : `is not ready${since}`
        }.`,
        confidence: "certain",
        evidence: [{
          source: `status of node ${node.name}`,
          ...(ready.at === 0 ? {} : { at: timeText(ready.at) }),
          quote: `Ready is ${ready.status}: ${ready.reason}: ${ready.message}`,
        }],
        next: [
          { text: "See the node.", command: `kubectl describe node ${shellWord(node.name)}` },
          {
            text: "If it does not come back, delete it: its pods are made anew elsewhere.",
            command: `kubectl delete node ${shellWord(node.name)}`,
          },
          describePod(pod),
        ],
      }];
    });
  },
};
