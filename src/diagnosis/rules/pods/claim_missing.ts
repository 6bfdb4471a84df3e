/** A pod mounts a volume claim that does not exist. */
import { list, texts } from "../../foreign.ts";
import { timeText } from "../../core_events.ts";
import { NOT_STARTED } from "../../pods/downstream.ts";
import { podFacts, podNames } from "../../pods/pod_facts.ts";
import { unplacedPods } from "../../pods/scheduling.ts";
import { correct, describePod, kubectl } from "../../pods/steps.ts";
import { valueOf } from "../../seen.ts";
import type { Evidence, Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

/** See the file's head. */
export const claimMissing: Rule = {
  id: "claim-missing",
  subjects: ALL_SUBJECTS,
  needs: ["pods", "missingClaims"],
  depth: 87,
  explains: [...NOT_STARTED, "unschedulable-volume"],
  docs: {
    title: "A volume claim does not exist",
    symptom: "The pod stays Pending.",
    cause: "It mounts a PersistentVolumeClaim that was deleted or never made.",
    evidence: "The scheduler's words, or that the claim was looked for and is not there.",
    remedy: "Make the claim (what was on a deleted one is gone), or take it out of the pod.",
  },
  find(facts) {
    const { current, now } = podFacts(facts);
    const gone = new Map<string, Evidence[]>();
    for (const name of texts(list(valueOf(facts.missingClaims)))) gone.set(name, []);
    for (const [{ words, evidence }] of unplacedPods(facts)) {
      const name = /persistentvolumeclaim "([^"]+)" not found/i.exec(words)?.[1];
      if (name !== undefined) gone.set(name, [...gone.get(name) ?? [], ...evidence]);
    }
    return [...gone].flatMap(([name, evidence]) => {
      const pods = current.filter(({ claims }) => claims.includes(name));
      const [pod] = pods;
      if (pod === undefined) return [];
      const looked = {
        source: `volume claims in ${pod.namespace}`,
        at: timeText(now),
        quote: `no claim ${name}`,
      };
      return [{
        cause: `The volume claim ${pod.namespace}/${name}, which ${podNames(pods)} mounts, does not exist.`,
        confidence: "certain" as const,
        evidence: evidence.length > 0 ? evidence : [looked],
        next: [
          { text: "See which claims there are.", command: kubectl(pod.namespace, "get", "pvc") },
          correct(facts, "the volume, or make the claim"),
          describePod(pod),
        ],
      }];
    });
  },
};
