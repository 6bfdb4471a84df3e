/** No node has as much as the pod asks for. */
import { allNodes, amount, amountText, type NodeView, requestOf } from "../../pods/amounts.ts";
import { NOT_STARTED } from "../../pods/downstream.ts";
import { podNames } from "../../pods/pod_facts.ts";
import type { PodView } from "../../pods/pod_view.ts";
import { reasonsOf, unplacedPods } from "../../pods/scheduling.ts";
import { correct, describePod, isName } from "../../pods/steps.ts";
import type { Evidence, Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

/** See the file's head. */
export const unschedulableResources: Rule = {
  id: "unschedulable-resources",
  subjects: ALL_SUBJECTS,
  needs: ["pods", "events", "nodes"],
  depth: 84,
  explains: NOT_STARTED,
  docs: {
    title: "No node has room",
    symptom: "The pod stays Pending and has no node.",
    cause: "It asks for more CPU, memory, GPUs or other things than any node has, or than any node has left.",
    evidence: "The scheduler's words: Insufficient cpu; and what the nodes can give at most.",
    remedy: "Ask for less, stop what is not needed, or add nodes that are large enough.",
  },
  find: (facts) =>
    unplacedPods(facts).flatMap((group) => {
      const [{ pod, evidence }] = group;
      const names = [...new Set(reasonsOf(group[0], "resources").map(({ name }) => name))];
      if (names.length === 0) return [];
      const nodes = allNodes(facts);
      const needs = names.map((name) => needOf(pod, name, nodes));
      const never = needs.some(({ isTooMuch }) => isTooMuch);
      const which = podNames(group.map((one) => one.pod));
      return [{
        cause: `No node has room for ${which}: it asks for ${
          needs.map(({ says }) => says).join(", and for ")
        }.`,
        confidence: "certain" as const,
        evidence: [...evidence, ...needs.flatMap((need) => need.evidence)],
        next: [
          correct(facts, `what the pod asks for${never ? ": less than that fits" : ""}`),
          {
            text: never
              ? "Or add a node that is large enough. See what nodes have."
              : "Or make room: stop what is not needed, or add a node. See what nodes have.",
            command: seeNodes(names.filter(isName)),
          },
          describePod(pod),
        ],
      }];
    }),
};

interface Need {
  readonly says: string;
  /** No node could ever give that. */
  readonly isTooMuch: boolean;
  readonly evidence: readonly Evidence[];
}

function needOf(pod: PodView, resource: string, nodes: readonly NodeView[]): Need {
  const asked = requestOf(pod, resource);
  const wants = resource === "pods"
    ? "a place among a node's pods"
    : asked === 0
    ? resource
    : `${amountText(resource, asked)} ${resource}`;
  const most = nodes
    .map((node) => ({ name: node.name, has: amount(node.allocatable[resource]) ?? 0 }))
    .toSorted((a, b) => b.has - a.has)[0];
  if (most === undefined) return { says: wants, isTooMuch: false, evidence: [] };
  const has = amountText(resource, most.has);
  const evidence = [{
    source: `node ${most.name}`,
    quote: `allocatable ${resource}: ${has}, the most of ${nodes.length} node${
      nodes.length === 1 ? "" : "s"
    }`,
  }];
  if (most.has === 0) return { says: `${wants}, which no node has`, isTooMuch: true, evidence };
  if (most.has < asked) {
    return { says: `${wants}, and no node has more than ${has}`, isTooMuch: true, evidence };
  }
  return {
    says: `${wants}; a node has ${has} at most, and other pods use too much of it`,
    isTooMuch: false,
    evidence,
  };
}

function seeNodes(resources: readonly string[]): string {
  const columns = resources.map((name) => `${column(name)}:.status.allocatable.${escaped(name)}`);
  return `kubectl get nodes -o custom-columns=${["NAME:.metadata.name", ...columns].join(",")}`;
}

function column(resource: string): string {
  return resource.replace(/^.*\//, "").replace(/[^\w]/g, "_").toUpperCase();
}

function escaped(resource: string): string {
  return resource.includes("/") || resource.includes(".") ? `'${resource.replaceAll(".", "\\.")}'` : resource;
}
