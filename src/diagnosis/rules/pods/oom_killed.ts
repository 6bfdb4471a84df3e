/** A container was killed because there was no memory for it. */
import { agentsAreAway } from "../../pods/agents.ts";
import { NOT_RUNNING } from "../../pods/downstream.ts";
import { type Ended, endedContainers, endEvidence } from "../../pods/ends.ts";
import { containerNames, foldedBy, podFacts } from "../../pods/pod_facts.ts";
import { timeText } from "../../core_events.ts";
import { correct, describePod, readLog } from "../../pods/steps.ts";
import type { Finding, Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

/** See the file's head. */
export const oomKilled: Rule = {
  id: "oom-killed",
  subjects: ALL_SUBJECTS,
  needs: ["pods"],
  depth: 78,
  explains: [...NOT_RUNNING, "crash-loop", "readiness-failing", "init-container-failing"],
  docs: {
    title: "A container has too little memory",
    symptom:
      "The container restarts, or the agent in it is lost for a while; its state says OOMKilled, exit code 137.",
    cause: "It used more memory than its limit, or its node had none left.",
    evidence: "The state of the container, when it ended, and its limit.",
    remedy: "Raise the memory limit, or let what runs in it use less.",
  },
  find(facts) {
    const read = podFacts(facts);
    const isAway = agentsAreAway(facts);
    const killed = endedContainers(read, { once: isAway }).filter(({ end }) => end.reason === "OOMKilled");
    return foldedBy(killed, ({ pod, container }) => `${pod.namespace} ${container.name} ${container.image}`)
      .map((group): Finding => {
        const [first] = group;
        return {
          cause: sentence(group),
          confidence: first.isBack ? "likely" : "certain",
          evidence: [endEvidence(first), {
            source: `spec of pod ${first.pod.ref}`,
            quote: `${first.container.about}: memory limit ${
              first.container.limits["memory"] ?? "none"
            }, request ${first.container.requests["memory"] ?? "none"}`,
          }],
          next: [
            correct(facts, `the memory of ${first.container.about}: more than ${limitOf(first) ?? "it has"}`),
            readLog(first, first.container.state !== "terminated"),
            describePod(first.pod),
          ],
        };
      });
  },
};

function limitOf({ container }: Ended): string | undefined {
  return container.limits["memory"];
}

function sentence(group: readonly [Ended, ...Ended[]]): string {
  const [first] = group;
  const limit = limitOf(first);
  const at = first.end.finishedAt === 0 ? "" : ` at ${timeText(first.end.finishedAt)}`;
  const restarts = Math.max(...group.map(({ container }) => container.restarts));
  const many = restarts === 0 ? "" : `, ${restarts} restart${restarts === 1 ? "" : "s"} so far`;
  const who = containerNames(group).replace(/^[cis]/, (letter) => letter.toUpperCase());
  return `${who} was killed${at} for want of memory: ${
    limit === undefined ? "its node had none left for it" : `its limit is ${limit}`
  }${many}.`;
}
