/** No node has the labels that the pod wants. */
import { list, record, text, texts } from "../../foreign.ts";
import { allNodes, type NodeView } from "../../pods/amounts.ts";
import { NOT_STARTED } from "../../pods/downstream.ts";
import { podNames } from "../../pods/pod_facts.ts";
import type { PodView } from "../../pods/pod_view.ts";
import { reasonsOf, unplacedPods } from "../../pods/scheduling.ts";
import { correct, describePod } from "../../pods/steps.ts";
import type { Evidence, Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

/** See the file's head. */
export const unschedulableAffinity: Rule = {
  id: "unschedulable-affinity",
  subjects: ALL_SUBJECTS,
  needs: ["pods", "events", "nodes"],
  depth: 83,
  explains: NOT_STARTED,
  docs: {
    title: "No node has the labels that the pod wants",
    symptom: "The pod stays Pending and has no node.",
    cause: "Its node selector or node affinity names labels that no node has, or that no node has together.",
    evidence:
      "The scheduler's words: didn't match Pod's node affinity/selector; and the labels of the nodes.",
    remedy: "Correct the selector, or label a node.",
  },
  find: (facts) =>
    unplacedPods(facts).flatMap((group) => {
      const [first] = group;
      const reasons = reasonsOf(first, "affinity");
      if (reasons.length === 0) return [];
      const { pod } = first;
      const nodes = allNodes(facts);
      const wants = [...selectorWants(pod), ...affinityWants(pod)];
      const missing = nodes.length === 0 ? [] : wants.filter((want) => !nodes.some(want.fits));
      const which = podNames(group.map((one) => one.pod));
      const said = (missing.length > 0 ? missing : wants).map((want) => want.says).join(", ");
      return [{
        cause: missing.length > 0
          ? `No node has the label that ${which} wants: ${said}.`
          : said === ""
          ? `No node that is free for ${which} matches its node affinity.`
          : `No node that is free for ${which} has all the labels that it wants: ${said}.`,
        confidence: "certain" as const,
        evidence: [...first.evidence, ...missing.flatMap(({ key }) => valuesOf(key, nodes))],
        next: [
          correct(facts, "the node selector or affinity"),
          {
            text: "Or label a node that is meant. See the labels of nodes.",
            command: "kubectl get nodes --show-labels",
          },
          describePod(pod),
        ],
      }];
    }),
};

/** One label that has to be there. */
interface Want {
  readonly key: string;
  readonly says: string;
  readonly fits: (node: NodeView) => boolean;
}

function selectorWants({ nodeSelector }: PodView): Want[] {
  return Object.entries(nodeSelector).map(([key, value]) => ({
    key,
    says: `${key}=${value}`,
    fits: ({ labels }) => labels[key] === value,
  }));
}

/** Those of `requiredDuringSchedulingIgnoredDuringExecution`, where it has one term: several are alternatives. */
function affinityWants({ affinity }: PodView): Want[] {
  const required = record(record(affinity["nodeAffinity"])["requiredDuringSchedulingIgnoredDuringExecution"]);
  const terms = list(required["nodeSelectorTerms"]).map(record);
  if (terms.length !== 1) return [];
  return list(terms[0]!["matchExpressions"]).map(record).flatMap(({ key, operator, values }): Want[] => {
    const label = text(key);
    const given = texts(values);
    const has = ({ labels }: NodeView) => labels[label];
    if (operator === "In") {
      const says = given.length === 1 ? `${label}=${given[0]}` : `${label} in (${given.join(", ")})`;
      return [{ key: label, says, fits: (node) => given.includes(has(node) ?? "") }];
    }
    if (operator === "Exists") return [{ key: label, says: label, fits: (node) => has(node) !== undefined }];
    return [];
  });
}

const MOST_VALUES = 6;

/** What nodes have in its place. */
function valuesOf(key: string, nodes: readonly NodeView[]): Evidence[] {
  const values = [...new Set(nodes.flatMap(({ labels }) => labels[key] === undefined ? [] : [labels[key]]))];
  const quote = values.length === 0
    ? `none of ${nodes.length} has the label ${key}`
    : `${key} is ${values.slice(0, MOST_VALUES).join(", ")}${values.length > MOST_VALUES ? ", …" : ""}`;
  return [{ source: "labels of nodes", quote }];
}
