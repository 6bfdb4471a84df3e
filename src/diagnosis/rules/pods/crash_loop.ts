/** A container ends again and again. */
import { type Ended, endedContainers, endEvidence, exitText, logEvidence } from "../../pods/ends.ts";
import { NOT_RUNNING } from "../../pods/downstream.ts";
import { containerNames, eventsOfPod, foldedBy, type PodFacts, podFacts } from "../../pods/pod_facts.ts";
import { correct, describePod, readLog } from "../../pods/steps.ts";
import type { Evidence, Finding, NextStep, Rule } from "../../types.ts";
import { isCommandTrouble } from "../../pods/command_trouble.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

/** See the file's head. */
export const crashLoop: Rule = {
  id: "crash-loop",
  subjects: ALL_SUBJECTS,
  needs: ["pods", "podLogs"],
  depth: 70,
  explains: [...NOT_RUNNING, "readiness-failing"],
  docs: {
    title: "A container ends again and again",
    symptom: "The pod is in CrashLoopBackOff, or its count of restarts grows.",
    cause:
      "The program in it ends soon after its start: with an error of its own, or because its work is done.",
    evidence: "The line of its log that tells, its exit code, and how often it was restarted.",
    remedy:
      "Correct what the log says. A command that only starts something in the background has to stay itself.",
  },
  find(facts) {
    const read = podFacts(facts);
    const ended = endedContainers(read).filter((one) => isLoop(one, read));
    return foldedBy(
      ended,
      ({ pod, container, end }) => [pod.namespace, container.name, container.image, end.exitCode].join(" "),
    ).map((group): Finding => {
      const [first] = group;
      const log = logEvidence(facts, first);
      const evidence: Evidence[] = [...(log === undefined ? [] : [log]), endEvidence(first)];
      const next: NextStep[] = [
        readLog(first, first.container.state !== "terminated"),
        correct(facts, "what the log tells"),
        describePod(first.pod),
      ];
      return { cause: sentence(group, log?.quote), confidence: "certain", evidence, next };
    });
  },
};

/** Ends that have a rule of their own are not told twice. */
function isLoop(one: Ended, read: PodFacts): boolean {
  const { pod, container, end } = one;
  if (container.kind === "init" || end.reason === "OOMKilled" || isCommandTrouble(one)) return false;
  const isProbe = eventsOfPod(read, pod).some(({ message }) =>
    message.includes(`ontainer ${container.name} failed`) && message.includes("will be restarted")
  );
  if (isProbe) return false;
  if (pod.phase === "Failed") {
    return pod.reason !== "Evicted" && end.exitCode !== 0 && pod.reason !== "Preempting";
  }
  return true;
}

function sentence(group: readonly [Ended, ...Ended[]], line: string | undefined): string {
  const [{ pod, end }] = group;
  const restarts = Math.max(...group.map((one) => one.container.restarts));
  const who = containerNames(group).replace(/^c/, "C").replace(/^s/, "S");
  const many = restarts === 0 ? "" : ` (${restarts} restart${restarts === 1 ? "" : "s"})`;
  if (end.exitCode === 0) {
    return `${who} is done and ends again and again${many}, though it is meant to stay: its command ends with ` +
      "exit code 0.";
  }
  const how = restarts === 0 || pod.phase === "Failed" ? "has ended" : "ends again and again";
  return `${who} ${how} with ${exitText(end)}${many}${
    line === undefined ? "." : `; its log says: ${short(line)}`
  }`;
}

function short(line: string): string {
  return line.length <= 160 ? line : `${line.slice(0, 159).toWellFormed()}…`;
}
