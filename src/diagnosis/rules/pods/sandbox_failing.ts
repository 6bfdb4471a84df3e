/** The node cannot give the pod a network or a sandbox. */
import { NOT_STARTED } from "../../pods/downstream.ts";
import { eventEvidence } from "../../pods/event_view.ts";
import { eventsOfPod, foldedBy, podFacts, podNames } from "../../pods/pod_facts.ts";
import { isOver, isReadyPod } from "../../pods/pod_view.ts";
import { describePod, shellWord } from "../../pods/steps.ts";
import type { Finding, Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

const REASONS = new Set(["FailedCreatePodSandBox", "NetworkNotReady"]);

/** See the file's head. */
export const sandboxFailing: Rule = {
  id: "sandbox-failing",
  subjects: ALL_SUBJECTS,
  needs: ["pods", "events"],
  depth: 85,
  explains: NOT_STARTED,
  docs: {
    title: "The node cannot set up the pod's network",
    symptom: "The pod has a node and stays in ContainerCreating.",
    cause:
      "The node's network plugin (CNI) is broken, has no addresses left, or the runtime class is not there.",
    evidence: "The node's words: FailedCreatePodSandBox.",
    remedy: "Look after the network plugin of that node; other nodes may do.",
  },
  find(facts) {
    const read = podFacts(facts);
    const hits = read.current.flatMap((pod) => {
      if (isOver(pod) || isReadyPod(pod) || pod.containers.some(({ state }) => state === "running")) {
        return [];
      }
      const event = eventsOfPod(read, pod).find(({ reason }) => REASONS.has(reason));
      // One failure is mended by the next try.
      return event === undefined || (event.count < 2 && read.now - event.at < 30_000) ? [] : [{ pod, event }];
    });
    return foldedBy(hits, ({ pod, event }) => `${pod.node} ${sentence(event.message)}`).map(
      (group): Finding => {
        const [{ pod, event }] = group;
        return {
          cause: `Node ${pod.node || "(unknown)"} cannot start ${podNames(group.map((one) => one.pod))}: ${
            sentence(event.message)
          }.`,
          confidence: "certain",
          evidence: [eventEvidence(event)],
          next: [
            {
              text: "See the pods of the network plugin on that node.",
              command: `kubectl -n kube-system get pods -o wide --field-selector=spec.nodeName=${
                shellWord(pod.node)
              }`,
            },
            describePod(pod),
          ],
        };
      },
    );
  },
};

function sentence(message: string): string {
  if (/runtime ?class|no runtime for|RuntimeHandler/i.test(message)) {
    return "it does not have the pod's runtime class";
  }
  if (/no IP addresses|failed to (?:assign|allocate)[^:]* (?:an )?(?:IP|address)|IPAM/i.test(message)) {
    return "its network plugin has no address left for it";
  }
  if (/network|cni/i.test(message)) return "its network plugin fails";
  return "its container runtime fails";
}
