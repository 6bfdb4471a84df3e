/** Several control planes of a namespace have a workspace of that name. */
import { timeText } from "../../core_events.ts";
import type { Facts } from "../../facts.ts";
import { record, text } from "../../foreign.ts";
import { valueOf } from "../../seen.ts";
import type { Evidence, NextStep, Rule } from "../../types.ts";

const AMBIGUOUS = /several deployments of this namespace have one called "([^"]+)": name one of ([-\w., ]+)/;
const MOST_NAMED = 8;

/** See the file's head. */
export const ambiguousControlPlanes: Rule = {
  id: "ambiguous-control-planes",
  subjects: ["workspace"],
  needs: ["workspace", "controlPlanes"],
  depth: 95,
  explains: ["api-service-unavailable"],
  docs: {
    title: "Two control planes of a namespace have a workspace of this name",
    symptom:
      "kubectl get coderworkspace NAME is answered with 400; lists show the name twice, each with the name of " +
      "a control plane before it.",
    cause:
      "A namespace with several control planes has several Coders. <organization>.<owner>.<workspace> may be in " +
      "more than one of them.",
    evidence:
      "The answer of the aggregated API, which names the choices, and the control planes of the namespace.",
    remedy:
      "Use the whole name: <control plane>.<organization>.<owner>.<workspace>. Set spec.aggregation.naming to " +
      "Plain on the one whose names shall stay short, or keep one control plane in a namespace.",
  },
  find(facts) {
    const { workspace, subject } = facts;
    if (workspace?.state !== "unread") return [];
    const [, plain = "", list = ""] = AMBIGUOUS.exec(workspace.why) ?? [];
    const names = list.split(",").map((name) => name.trim()).filter((name) => name !== "").slice(
      0,
      MOST_NAMED,
    );
    if (plain === "" || names.length < 2) return [];
    const { namespace } = subject;
    const planes = names.map((name) => name.slice(0, -plain.length - 1));
    return [{
      cause:
        `The name ${plain} means workspaces of ${names.length} control planes of namespace ${namespace} ` +
        `(${planes.join(", ")}): use ${names.join(" or ")}.`,
      confidence: "certain",
      evidence: [
        { source: "answer of the aggregated API", at: timeText(facts.now), quote: workspace.why },
        ...planeEvidence(facts),
      ],
      next: names.slice(0, 2).map((name): NextStep => ({
        text: `Ask about that of control plane ${name.slice(0, -plain.length - 1)}.`,
        command: `coder-k8s diagnose workspace ${name} -n ${namespace}`,
        tool: { name: "diagnose_workspace", arguments: { namespace, name } },
      })),
    }];
  },
};

function planeEvidence({ controlPlanes, now, subject }: Facts): Evidence[] {
  const names = (valueOf(controlPlanes) ?? []).map((plane) => text(record(record(plane).metadata)["name"]))
    .filter((name) => name !== "");
  if (names.length === 0) return [];
  return [{
    source: `control planes of namespace ${subject.namespace}`,
    at: timeText(now),
    quote: names.sort().slice(0, MOST_NAMED).join(", "),
  }];
}
