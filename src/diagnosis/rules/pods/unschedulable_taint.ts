/** Nodes refuse the pod, which does not tolerate their taints. */
import { list } from "../../foreign.ts";
import { type NodeView, nodeView } from "../../pods/amounts.ts";
import { NOT_STARTED } from "../../pods/downstream.ts";
import { named, podNames } from "../../pods/pod_facts.ts";
import { type Reason, reasonsOf, unplacedPods } from "../../pods/scheduling.ts";
import { correct, describePod, isName } from "../../pods/steps.ts";
import { valueOf } from "../../seen.ts";
import type { Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

/** Taints that every cluster has on nodes that are for others. */
const OF_CONTROL_PLANES = /^node-role\.kubernetes\.io\/(?:control-plane|master)\b/;

/** See the file's head. */
export const unschedulableTaint: Rule = {
  id: "unschedulable-taint",
  subjects: ALL_SUBJECTS,
  needs: ["pods", "events", "nodes"],
  depth: 82,
  explains: NOT_STARTED,
  docs: {
    title: "Nodes keep the pod away by a taint",
    symptom: "The pod stays Pending and has no node.",
    cause: "The nodes that could take it have a taint that it does not tolerate.",
    evidence: "The scheduler's words: untolerated taint.",
    remedy: "Give the pod a toleration, or take the taint off the nodes.",
  },
  find: (facts) =>
    unplacedPods(facts).flatMap((group) => {
      const [first] = group;
      const told = reasonsOf(first, "taint");
      const own = told.filter(({ name }) => !OF_CONTROL_PLANES.test(name));
      // Nodes of the control plane are for nobody: they tell something only where there are no others.
      const reasons = own.length > 0 ? own : first.reasons.length === told.length ? told : [];
      if (reasons.length === 0) return [];
      const nodes = list(valueOf(facts.nodes)).map(nodeView);
      const taints = reasons.map((reason) => taintOf(reason, nodes)).filter(({ key }) => key !== "");
      const texts = [...new Set(taints.map(taintText))];
      const count = reasons.reduce((sum, reason) => sum + reason.count, 0);
      const whose = `${count}${first.nodes === undefined ? "" : ` of ${first.nodes}`} node${
        (first.nodes ?? count) === 1 ? "" : "s"
      }`;
      const { pod } = first;
      return [{
        cause: `${whose} keep${count === 1 ? "s" : ""} ${
          podNames(group.map((one) => one.pod))
        } away: it has no ` +
          `toleration for the ${texts.length === 0 ? "nodes' taint" : named("taint", texts)}.`,
        confidence: "certain" as const,
        evidence: first.evidence,
        next: [
          correct(
            facts,
            `the tolerations${taints[0] === undefined ? "" : tolerationText(taints[0])}`,
          ),
          {
            text: "Or take the taint off nodes that may take it. See which nodes have which.",
            command: "kubectl get nodes -o custom-columns=NAME:.metadata.name,TAINTS:.spec.taints",
          },
          describePod(pod),
        ],
      }];
    }),
};

interface TaintWords {
  readonly key: string;
  readonly value: string;
  /** Empty where no node was read. */
  readonly effect: string;
}

/** `{dedicated: gpu}` as the scheduler writes it, with the effect that nodes tell. */
function taintOf({ name }: Reason, nodes: readonly NodeView[]): TaintWords {
  const [, key = name, value = ""] = /^([^:=]+)[:=]\s*(.*)$/.exec(name) ?? [];
  const taint = nodes.flatMap(({ taints }) => taints).find((one) =>
    one.key === key.trim() && one.value === value.trim() && one.effect !== "PreferNoSchedule"
  );
  return { key: key.trim(), value: value.trim(), effect: taint?.effect ?? "" };
}

function taintText({ key, value, effect }: TaintWords): string {
  return `${key}${value === "" ? "" : `=${value}`}${effect === "" ? "" : `:${effect}`}`;
}

function tolerationText({ key, value, effect }: TaintWords): string {
  if (![key, value || "none", effect || "none"].every(isName)) return "";
  const how = value === "" ? "operator: Exists" : `value: ${value}`;
  return `: add {key: ${key}, ${how}, effect: ${effect || "NoSchedule"}}`;
}
