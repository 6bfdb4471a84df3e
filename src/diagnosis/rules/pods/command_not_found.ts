/** A container's command is not in its image, or cannot be executed. */
import { isCommandTrouble } from "../../pods/command_trouble.ts";
import { NOT_RUNNING } from "../../pods/downstream.ts";
import { type Ended, endedContainers, endEvidence, logEvidence } from "../../pods/ends.ts";
import {
  containerNames,
  foldedBy,
  type PodContainer,
  podFacts,
  unwellContainers,
} from "../../pods/pod_facts.ts";
import { timeText } from "../../core_events.ts";
import { correct, describePod } from "../../pods/steps.ts";
import type { Evidence, Finding, Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

/** See the file's head. */
export const commandNotFound: Rule = {
  id: "command-not-found",
  subjects: ALL_SUBJECTS,
  needs: ["pods", "podLogs"],
  depth: 79,
  explains: [
    ...NOT_RUNNING,
    "crash-loop",
    "readiness-failing",
    "init-container-failing",
    "container-not-created",
  ],
  docs: {
    title: "The container's command cannot be run",
    symptom: "The container ends at once with exit code 126, 127 or 128.",
    cause: "The image does not have the command, it may not be executed, or it is for another processor.",
    evidence: "The words of the container runtime, or of the shell in the container.",
    remedy:
      "Correct the command, or use an image that has it. Coder's agent needs a shell and curl, wget or busybox.",
  },
  find(facts) {
    const read = podFacts(facts);
    const ended = endedContainers(read).filter(isCommandTrouble);
    const waiting = unwellContainers(read).filter((one) =>
      isCommandTrouble(one) &&
      !ended.some(({ pod, container }) => pod === one.pod && container === one.container)
    );
    const all: (PodContainer & Partial<Ended>)[] = [...ended, ...waiting];
    return foldedBy(all, ({ pod, container }) => `${pod.namespace} ${container.name} ${container.image}`)
      .map((group): Finding => {
        const [first] = group;
        const { pod, container, end } = first;
        const log = end === undefined || end.message !== "" ? undefined : logEvidence(facts, first);
        const waits: Evidence[] = container.state !== "waiting" || container.message === "" ? [] : [{
          source: `status of pod ${pod.ref}`,
          at: timeText(read.now),
          quote: `${container.reason}: ${container.message}`,
        }];
        const ends = end === undefined ? [] : [endEvidence({ pod, container, end, isBack: false })];
        const words = [end?.message, container.message, log?.quote].join(" ");
        return {
          cause: `The command of ${containerNames(group)} cannot be run: ${reason(words, end?.exitCode)}.`,
          confidence: "certain",
          evidence: [
            ...(log === undefined ? [] : [log]),
            ...(end?.message ? [...ends, ...waits] : [...waits, ...ends]),
          ],
          next: [correct(facts, "the command or the image"), describePod(pod)],
        };
      });
  },
};

function reason(words: string, exitCode: number | undefined): string {
  if (/exec format error/i.test(words)) {
    return "it is for another processor than its node's, or is no program";
  }
  if (/permission denied/i.test(words) || exitCode === 126) return "it may not be executed";
  const name = /exec: "([^"]+)"|(?:^|: )(?:line )?\d*:? ?([\w./-]+): (?:command )?not found/.exec(words);
  const what = name?.[1] ?? name?.[2];
  return what === undefined ? "its image does not have it" : `its image has no ${what}`;
}
