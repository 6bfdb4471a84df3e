/** A node has thrown a pod out. */
import { timeText } from "../../core_events.ts";
import { NOT_RUNNING } from "../../pods/downstream.ts";
import { eventEvidence } from "../../pods/event_view.ts";
import { eventsOfPod, foldedBy, podFacts, podNames } from "../../pods/pod_facts.ts";
import { conditionOf } from "../../pods/pod_view.ts";
import { correct, describePod, shellWord } from "../../pods/steps.ts";
import type { Finding, Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

/** See the file's head. */
export const podEvicted: Rule = {
  id: "pod-evicted",
  subjects: ALL_SUBJECTS,
  needs: ["pods"],
  depth: 82,
  explains: [...NOT_RUNNING, "crash-loop", "readiness-failing"],
  docs: {
    title: "A node has evicted the pod",
    symptom: "The pod is Failed with the reason Evicted; the workspace's agent is lost.",
    cause: "The node ran low on memory, disk or processes, or the pod used more storage than it may.",
    evidence: "The node's words in the pod's status.",
    remedy:
      "Ask for what the pod really uses, so that it is placed where there is room; start the workspace again.",
  },
  find(facts) {
    const read = podFacts(facts);
    const evicted = read.current.filter(({ phase, reason }) => phase === "Failed" && reason === "Evicted");
    return foldedBy(evicted, ({ namespace, node, message }) => `${namespace} ${node} ${shortage(message)}`)
      .map((group): Finding => {
        const [pod] = group;
        const event = eventsOfPod(read, pod).find(({ reason }) => reason === "Evicted");
        const at = conditionOf(pod, "DisruptionTarget")?.at ?? event?.at ?? 0;
        return {
          cause: `Node ${pod.node || "(unknown)"} has evicted ${podNames(group)}: ${shortage(pod.message)}.`,
          confidence: "certain",
          evidence: [
            {
              source: `status of pod ${pod.ref}`,
              ...(at === 0 ? {} : { at: timeText(at) }),
              quote: `${pod.reason}: ${pod.message}`,
            },
            ...(event === undefined ? [] : [eventEvidence(event)]),
          ],
          next: [
            ...restart(facts.subject),
            correct(facts, "what the pod asks for"),
            ...(pod.node === "" ? [] : [{
              text: "See how the node is.",
              command: `kubectl describe node ${shellWord(pod.node)}`,
            }]),
            describePod(pod),
          ],
        };
      });
  },
};

function restart(
  { kind, namespace, name }: { readonly kind: string; readonly namespace: string; readonly name: string },
) {
  return kind === "workspace"
    ? [{
      text: "Start the workspace again.",
      tool: { name: "restart_workspace", arguments: { namespace, name } },
    }]
    : [];
}

function shortage(message: string): string {
  const low = /low on resource: ([\w-]+)/i.exec(message)?.[1];
  if (low !== undefined) return `it ran low on ${low}`;
  if (/exceeds the total limit|usage .*exceed|exceeded its local ephemeral storage/i.test(message)) {
    return "it used more storage than it may";
  }
  return message === ""
    ? "it does not say why"
    : message.replace(/\s+/g, " ").replace(/\.?\s*$/, "").slice(0, 200);
}
