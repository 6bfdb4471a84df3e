/** An init container fails: those after it never start. */
import { isCommandTrouble } from "../../pods/command_trouble.ts";
import { NOT_RUNNING } from "../../pods/downstream.ts";
import { endedContainers, endEvidence, exitText, logEvidence } from "../../pods/ends.ts";
import { containerNames, foldedBy, podFacts } from "../../pods/pod_facts.ts";
import { correct, describePod, readLog } from "../../pods/steps.ts";
import type { Finding, Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

/** See the file's head. */
export const initContainerFailing: Rule = {
  id: "init-container-failing",
  subjects: ALL_SUBJECTS,
  needs: ["pods", "podLogs"],
  depth: 77,
  explains: [...NOT_RUNNING, "readiness-failing"],
  docs: {
    title: "An init container fails",
    symptom: "The pod is in Init:Error or Init:CrashLoopBackOff; its other containers wait.",
    cause: "The program of the init container ends with an error.",
    evidence: "The line of its log that tells, and its exit code.",
    remedy: "Correct what the log says.",
  },
  find(facts) {
    const failing = endedContainers(podFacts(facts)).filter((one) =>
      one.container.kind === "init" && one.end.exitCode !== 0 && one.container.state !== "running" &&
      one.end.reason !== "OOMKilled" && !isCommandTrouble(one)
    );
    return foldedBy(
      failing,
      ({ pod, container, end }) => [pod.namespace, container.name, container.image, end.exitCode].join(" "),
    ).map((group): Finding => {
      const [first] = group;
      const log = logEvidence(facts, first);
      return {
        cause: `Init ${containerNames(group).slice("init ".length)} fails with ${exitText(first.end)}, ` +
          `so that its other containers do not start${
            log === undefined ? "." : `; its log says: ${log.quote}`
          }`,
        confidence: "certain",
        evidence: [...(log === undefined ? [] : [log]), endEvidence(first)],
        next: [
          readLog(first, first.container.state !== "terminated"),
          correct(facts, "what the log tells"),
          describePod(first.pod),
        ],
      };
    });
  },
};
