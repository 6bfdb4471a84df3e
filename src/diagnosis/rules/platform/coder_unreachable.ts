/** Coder's pods are ready, and Coder does not answer. */
import { timeText } from "../../core_events.ts";
import type { Facts } from "../../facts.ts";
import { number, record } from "../../foreign.ts";
import { conditionIn, controlPlaneOf } from "../../owner_view.ts";
import { quoteCondition } from "../../owner_steps.ts";
import { isReadyPod, podView } from "../../pods/pod_view.ts";
import { kubectl } from "../../pods/steps.ts";
import { valueOf } from "../../seen.ts";
import { SUBJECT_KINDS } from "../../subject.ts";
import type { Evidence, Rule } from "../../types.ts";

/** Who was never let near it knows nothing of whether it answers. */
const NOT_ASKED = /cannot be asked now|no Coder|has no control plane/;

/** See the file's head. */
export const coderUnreachable: Rule = {
  id: "coder-unreachable",
  subjects: SUBJECT_KINDS,
  needs: ["controlPlane", "coderAlive"],
  depth: 72,
  explains: [
    "agent-never-connected",
    "agent-lost",
    "coder-access-lost",
    "provisioner-not-connected",
    "proxy-unreachable",
    "proxy-unhealthy",
    "proxy-unregistered",
  ],
  docs: {
    title: "Coder does not answer",
    symptom: "Builds, agents and provisioners wait; the dashboard does not load.",
    cause:
      "Pods are ready, and no answer of Coder's API comes: it hangs, is overloaded, or the network is closed.",
    evidence: "The request that got no answer; the operator's condition CoderReachable.",
    remedy: "Read Coder's log; look at network policies and at what is between.",
  },
  find(facts) {
    const owner = controlPlaneOf(facts);
    if (
      owner === undefined || valueOf(facts.coderAlive) !== undefined ||
      !hasReadyPods(facts, owner.status["readyReplicas"])
    ) return [];
    const asked = unanswered(facts);
    const told = conditionIn(owner, "CoderReachable");
    const isTold = told?.status === "False";
    if (asked === undefined && !(isTold && facts.coderAlive !== undefined)) return [];
    const { namespace, name, ref } = owner;
    return [{
      cause: `Coder of control plane ${ref} does not answer, though a pod of it is ready: ${
        asked?.quote ?? told?.message ?? ""
      }`,
      confidence: isTold && asked !== undefined ? "certain" : "likely",
      evidence: [
        ...(asked === undefined ? [] : [asked]),
        ...(isTold ? [quoteCondition(owner.about, told)] : []),
      ],
      next: [
        {
          text: "Read what Coder says.",
          command: kubectl(namespace, "logs", `deployment/${name}`, "-c", "coder", "--tail=100"),
          tool: { name: "list_control_plane_pods", arguments: { namespace, name } },
        },
        {
          text: "Ask it from inside its own pod.",
          command: kubectl(
            namespace,
            "exec",
            `deployment/${name}`,
            "-c",
            "coder",
            "--",
            "curl",
            "-sS",
            "http://localhost:8080/api/v2/buildinfo",
          ),
        },
      ],
    }];
  },
};

function hasReadyPods(facts: Facts, told: unknown): boolean {
  if (facts.subject.kind !== "controlplane") return number(told) > 0;
  const deployment = valueOf(facts.deployment);
  if (deployment !== undefined) return number(record(record(deployment)["status"])["readyReplicas"]) > 0;
  return (valueOf(facts.pods) ?? []).map(podView).some(isReadyPod);
}

/** A question to Coder that nobody answered. */
function unanswered(facts: Facts): Evidence | undefined {
  const { coderAlive, build, daemons, coderProxies } = facts;
  for (const seen of [coderAlive, build, daemons, coderProxies]) {
    if (seen?.state !== "unread" || !["unreachable", "timeout"].includes(seen.kind)) continue;
    if (NOT_ASKED.test(seen.why) || /Kubernetes API server/.test(seen.why)) continue;
    return { source: seen.what, at: timeText(facts.now), quote: seen.why };
  }
  return undefined;
}
