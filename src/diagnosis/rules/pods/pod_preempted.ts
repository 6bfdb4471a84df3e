/** A pod had to make room for a more important one, or for an upgrade of its node. */
import { timeText } from "../../core_events.ts";
import { NOT_RUNNING } from "../../pods/downstream.ts";
import { eventEvidence } from "../../pods/event_view.ts";
import { eventsOfPod, foldedBy, podFacts, podNames } from "../../pods/pod_facts.ts";
import { conditionOf, isReadyPod } from "../../pods/pod_view.ts";
import { correct, describePod } from "../../pods/steps.ts";
import type { Finding, Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

const SAYS: Readonly<Record<string, string>> = {
  PreemptionByScheduler: "it had to make room for a pod of higher priority",
  EvictionByEvictionAPI: "somebody evicted it, as by draining its node",
  DeletionByTaintManager: "its node got a taint that it does not tolerate",
  DeletionByPodGC: "its node is gone",
};

/** See the file's head. */
export const podPreempted: Rule = {
  id: "pod-preempted",
  subjects: ALL_SUBJECTS,
  needs: ["pods", "events"],
  depth: 75,
  explains: [...NOT_RUNNING, "crash-loop", "readiness-failing"],
  docs: {
    title: "The pod was taken away",
    symptom: "The pod fails or goes, and the workspace's agent is lost.",
    cause: "A pod of higher priority needed its room, its node was drained or tainted, or its node is gone.",
    evidence: "The pod's DisruptionTarget condition.",
    remedy: "Start the workspace again; give it a priority class, or nodes of its own.",
  },
  find(facts) {
    const read = podFacts(facts);
    const hits = read.all.flatMap((pod) => {
      const condition = conditionOf(pod, "DisruptionTarget");
      const says = SAYS[condition?.reason ?? ""];
      if (condition?.status !== "True" || says === undefined || isReadyPod(pod)) return [];
      // A pod that is on its way out is of interest while nothing has come in its place.
      const isCurrent = read.current.includes(pod) || !read.all.some(isReadyPod);
      return isCurrent ? [{ pod, condition, says }] : [];
    });
    return foldedBy(hits, ({ pod, says }) => `${pod.namespace} ${says}`).map((group): Finding => {
      const [{ pod, condition, says }] = group;
      const event = eventsOfPod(read, pod).find(({ reason }) =>
        reason === "Preempted" || reason === "Evicted"
      );
      const who = podNames(group.map((one) => one.pod));
      return {
        cause: `${who.charAt(0).toUpperCase()}${who.slice(1)} was taken away: ${says}.`,
        confidence: "certain",
        evidence: [
          {
            source: `status of pod ${pod.ref}`,
            ...(condition.at === 0 ? {} : { at: timeText(condition.at) }),
            quote: `${condition.reason}: ${condition.message}`,
          },
          ...(event === undefined ? [] : [eventEvidence(event)]),
        ],
        next: [correct(facts, "the priority class or the nodes of the pod"), describePod(pod)],
      };
    });
  },
};
