/** A pod is being deleted and does not go. */
import { timeText } from "../../core_events.ts";
import { NOT_RUNNING } from "../../pods/downstream.ts";
import { foldedBy, named, podFacts, podNames } from "../../pods/pod_facts.ts";
import { describePod, kubectl } from "../../pods/steps.ts";
import type { Finding, Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

/** After its grace period; `deletionTimestamp` is the end of that. */
const STUCK_MS = 60_000;

/** See the file's head. */
export const podStuckTerminating: Rule = {
  id: "pod-stuck-terminating",
  subjects: ALL_SUBJECTS,
  needs: ["pods"],
  depth: 65,
  explains: NOT_RUNNING,
  docs: {
    title: "A pod does not go",
    symptom: "The pod stays Terminating; what should come in its place waits for its name or its volume.",
    cause: "A finalizer holds it, its node is away, or a volume cannot be unmounted.",
    evidence: "The pod's deletion time and its finalizers.",
    remedy: "Look after whoever set the finalizer, or after the node.",
  },
  find(facts) {
    const { all, now } = podFacts(facts);
    const stuck = all.filter(({ deletingSince }) => deletingSince > 0 && now - deletingSince > STUCK_MS);
    return foldedBy(stuck, ({ namespace, finalizers }) => `${namespace} ${finalizers.join(" ")}`).map(
      (group): Finding => {
        const [pod] = group;
        const { finalizers, deletingSince } = pod;
        const since = timeText(deletingSince);
        return {
          cause: finalizers.length > 0
            ? `${capital(podNames(group))} should be gone since ${since}: ${
              named("the finalizer", finalizers)
            } ${finalizers.length === 1 ? "holds" : "hold"} it.`
            : `${capital(podNames(group))} should be gone since ${since}: ${
              pod.node === "" ? "nothing says what holds it" : `its node ${pod.node} has not let go of it`
            }.`,
          confidence: "certain",
          evidence: [{
            source: `metadata of pod ${pod.ref}`,
            at: since,
            quote: `deletionTimestamp ${since}, finalizers ${finalizers.join(", ") || "none"}`,
          }],
          next: [
            describePod(pod),
            ...(finalizers.length === 0 ? [] : [{
              text: "If whoever set the finalizer is gone for good, take it off.",
              command: kubectl(
                pod.namespace,
                "patch",
                "pod",
                pod.name,
                "--type=json",
                "-p",
                '[{"op":"remove","path":"/metadata/finalizers"}]',
              ),
            }]),
          ],
        };
      },
    );
  },
};

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
