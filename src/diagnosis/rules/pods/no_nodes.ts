/** There is no node that takes pods at all. */
import { list } from "../../foreign.ts";
import { nodeView } from "../../pods/amounts.ts";
import { NOT_STARTED } from "../../pods/downstream.ts";
import { podNames } from "../../pods/pod_facts.ts";
import { reasonsOf, unplacedPods } from "../../pods/scheduling.ts";
import { describePod, shellWord } from "../../pods/steps.ts";
import { valueOf } from "../../seen.ts";
import type { Evidence, NextStep, Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

/** See the file's head. */
export const noNodes: Rule = {
  id: "no-nodes",
  subjects: ALL_SUBJECTS,
  needs: ["pods", "events", "nodes"],
  depth: 88,
  explains: [
    ...NOT_STARTED,
    "unschedulable-resources",
    "unschedulable-taint",
    "unschedulable-affinity",
    "unschedulable-volume",
  ],
  docs: {
    title: "No node takes pods",
    symptom: "Pods stay Pending and have no node.",
    cause: "The cluster has no nodes, or all of them are cordoned, under pressure or not ready.",
    evidence: "The scheduler's words, and the nodes themselves.",
    remedy: "Add nodes, uncordon them, or bring them back.",
  },
  find: (facts) =>
    unplacedPods(facts).flatMap((group) => {
      const [first] = group;
      const closed = reasonsOf(first, "cordoned", "away");
      const rest = first.reasons.filter((reason) =>
        !closed.includes(reason) && !/control-plane|master/.test(reason.name)
      );
      if (first.nodes !== 0 && (closed.length === 0 || rest.length > 0)) return [];
      const cordoned = closed.filter(({ obstacle }) => obstacle === "cordoned");
      const nodes = list(valueOf(facts.nodes)).map(nodeView).filter(({ isCordoned }) => isCordoned);
      const which = podNames(group.map((one) => one.pod));
      const evidence: Evidence[] = nodes.length === 0 ? [] : [{
        source: "nodes",
        quote: `cordoned: ${nodes.slice(0, 5).map(({ name }) => name).join(", ")}${
          nodes.length > 5 ? ", …" : ""
        }`,
      }];
      return [{
        cause: first.nodes === 0
          ? `The cluster has no node for ${which}.`
          : cordoned.length === closed.length
          ? `All nodes that could take ${which} are cordoned.`
          : `All nodes that could take ${which} are not ready, under pressure or cordoned.`,
        confidence: "certain" as const,
        evidence: [...first.evidence, ...evidence],
        next: [...steps(nodes[0]?.name), describePod(first.pod)],
      }];
    }),
};

function steps(cordoned: string | undefined): NextStep[] {
  const see = { text: "See the nodes.", command: "kubectl get nodes" };
  if (cordoned === undefined) return [see];
  return [{
    text: "Open a node again, if it may take pods.",
    command: `kubectl uncordon ${shellWord(cordoned)}`,
  }, see];
}
