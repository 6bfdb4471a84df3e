/** The container runtime refuses to make a container. */
import { timeText } from "../../core_events.ts";
import { isCommandTrouble } from "../../pods/command_trouble.ts";
import { NOT_STARTED } from "../../pods/downstream.ts";
import { eventEvidence } from "../../pods/event_view.ts";
import { configWords } from "../../pods/missing_config.ts";
import { containerNames, eventsOfPod, foldedBy, podFacts, unwellContainers } from "../../pods/pod_facts.ts";
import { correct, describePod } from "../../pods/steps.ts";
import type { Finding, Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

const REASONS = new Set([
  "CreateContainerConfigError",
  "CreateContainerError",
  "RunContainerError",
  "PreCreateHookError",
  "PreStartHookError",
  "PostStartHookError",
]);

/** See the file's head. */
export const containerNotCreated: Rule = {
  id: "container-not-created",
  subjects: ALL_SUBJECTS,
  needs: ["pods", "events"],
  depth: 79,
  explains: NOT_STARTED,
  docs: {
    title: "The node refuses to make the container",
    symptom: "The pod waits with CreateContainerConfigError, CreateContainerError or RunContainerError.",
    cause:
      "The container's settings do not fit its image or node: it must not run as root and would, its user is a " +
      "name, a path to mount does not exist, a name is taken.",
    evidence: "The node's words.",
    remedy: "Correct the settings as the words say.",
  },
  find(facts) {
    const read = podFacts(facts);
    const hits = unwellContainers(read).filter((one) => {
      const { state, reason, message } = one.container;
      const words = [message, ...eventsOfPod(read, one.pod).map((event) => event.message)];
      return state === "waiting" && REASONS.has(reason) && !isCommandTrouble(one) &&
        !words.some((word) => configWords(word) !== undefined);
    });
    return foldedBy(hits, ({ pod, container }) => `${pod.namespace} ${container.name} ${container.reason}`)
      .map((group): Finding => {
        const [{ pod, container }] = group;
        const events = eventsOfPod(read, pod).filter(({ reason }) =>
          reason === "Failed" || reason.startsWith("Failed")
        ).slice(0, 1);
        const words = container.message || events[0]?.message || container.reason;
        return {
          cause: `The node cannot make ${containerNames(group)}: ${sentence(words)}`,
          confidence: "certain",
          evidence: [
            ...events.map(eventEvidence),
            {
              source: `status of pod ${pod.ref}`,
              at: timeText(read.now),
              quote: `${container.reason}: ${words}`,
            },
          ],
          next: [correct(facts, "the container's settings"), describePod(pod)],
        };
      });
  },
};

function sentence(words: string): string {
  if (/runAsNonRoot.*non-numeric/i.test(words)) {
    return "it must not run as root, and its image names its user by a name, which the node cannot check.";
  }
  if (/runAsNonRoot|run as root/i.test(words)) return "it must not run as root, and its image runs as root.";
  if (/subPath/i.test(words)) return "a path inside a volume cannot be used.";
  return words.length <= 200 ? `${words.replace(/\.?$/, "")}.` : "see its words.";
}
