/** A rollout has made no progress for longer than it may. */
import { list, record, text } from "../../foreign.ts";
import { quoteCondition } from "../../owner_steps.ts";
import { conditionView } from "../../pods/pod_view.ts";
import { kubectl } from "../../pods/steps.ts";
import { valueOf } from "../../seen.ts";
import type { Rule } from "../../types.ts";

/** See the file's head. */
export const rolloutStuck: Rule = {
  id: "rollout-stuck",
  subjects: ["controlplane", "proxy", "provisioner"],
  needs: ["deployment"],
  depth: 30,
  explains: ["deployment-unavailable"],
  docs: {
    title: "A rollout is stuck",
    symptom: "Pods of the new template do not become ready; those of the old one go on, where there are any.",
    cause: "New pods do not become ready within the Deployment's deadline for progress.",
    evidence: "The condition Progressing of the Deployment.",
    remedy: "See why the new pods are not ready; correct the spec, or go back.",
  },
  find(facts) {
    const { metadata, status } = record(valueOf(facts.deployment));
    const stuck = list(record(status)["conditions"]).map(conditionView).find(({ type, reason }) =>
      type === "Progressing" && reason === "ProgressDeadlineExceeded"
    );
    const { name, namespace } = record(metadata);
    if (stuck === undefined || text(name) === "") return [];
    const about = `Deployment ${text(namespace)}/${text(name)}`;
    return [{
      cause: `The rollout of ${about} is stuck: its new pods did not become ready in time.`,
      confidence: "certain",
      evidence: [quoteCondition(about, stuck)],
      next: [{
        text: "See which pods are new, and what they say.",
        command: kubectl(text(namespace), "describe", "deployment", text(name)),
      }],
    }];
  },
};
