/** The pod's volumes are not where a node could take it. */
import { NOT_STARTED } from "../../pods/downstream.ts";
import { named, podNames } from "../../pods/pod_facts.ts";
import { reasonsOf, unplacedPods } from "../../pods/scheduling.ts";
import { describePod, kubectl } from "../../pods/steps.ts";
import type { Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

/** See the file's head. */
export const unschedulableVolume: Rule = {
  id: "unschedulable-volume",
  subjects: ALL_SUBJECTS,
  needs: ["pods", "events"],
  depth: 84,
  explains: NOT_STARTED,
  docs: {
    title: "A volume keeps the pod from all nodes",
    symptom: "The pod stays Pending and has no node.",
    cause:
      "Its volume is in another zone or on another node than those that could take it, its claim has no volume " +
      "yet, or the nodes hold as many volumes as they can.",
    evidence: "The scheduler's words: volume node affinity conflict, unbound PersistentVolumeClaims.",
    remedy: "Let the pod run where its volume is, bring the claim to a volume, or make a new claim.",
  },
  find: (facts) =>
    unplacedPods(facts).flatMap((group) => {
      const [{ pod, evidence }] = group;
      const words = reasonsOf(group[0], "volume").map((reason) => reason.words).join("; ");
      // A claim that is not there at all has a rule of its own.
      if (words === "" || /persistentvolumeclaim ".*" not found/i.test(words)) return [];
      const claims = pod.claims.length === 0 ? "its volumes" : `its ${named("volume claim", pod.claims)}`;
      const which = podNames(group.map((one) => one.pod));
      return [{
        cause: `No node can take ${which}: ${sentence(words, claims)}.`,
        confidence: "certain" as const,
        evidence,
        next: [
          {
            text: "See which volumes the claims have, and where those may be used.",
            command: kubectl(pod.namespace, "describe", "pvc", ...pod.claims),
          },
          {
            text: "See where the volumes are.",
            command: "kubectl get pv -o custom-columns=NAME:.metadata.name,CLAIM:.spec.claimRef.name," +
              "WHERE:.spec.nodeAffinity.required.nodeSelectorTerms[*].matchExpressions[*].values",
          },
          describePod(pod),
        ],
      }];
    }),
};

function sentence(words: string, claims: string): string {
  if (
    /volume node affinity conflict|PersistentVolume's node affinity|no available volume zone/i.test(words)
  ) {
    return `${claims} can only be used in a zone or on a node that cannot take it`;
  }
  if (/unbound immediate/i.test(words)) return `${claims} has no volume yet`;
  if (/max volume count|volume limit/i.test(words)) return "the nodes hold as many volumes as they can";
  if (/find available persistent volumes/i.test(words)) return `there is no volume that fits ${claims}`;
  return `${claims} cannot be used there`;
}
