/** Pods are wanted and not ready, and nothing says why: the last resort. */
import { list, number, record, text } from "../../foreign.ts";
import { conditionIn, subjectOwner } from "../../owner_view.ts";
import { quoteCondition, quoteNow, seeOwner, since } from "../../owner_steps.ts";
import { conditionView } from "../../pods/pod_view.ts";
import { kubectl } from "../../pods/steps.ts";
import { isAbsent, valueOf } from "../../seen.ts";
import type { Rule } from "../../types.ts";

/** Images are pulled, and databases migrated, for so long; milliseconds. */
const PATIENCE_MS = 120_000;

/** See the file's head. */
export const deploymentUnavailable: Rule = {
  id: "deployment-unavailable",
  subjects: ["controlplane", "proxy", "provisioner"],
  needs: ["deployment"],
  depth: 5,
  docs: {
    title: "Too few pods are ready",
    symptom: "The Deployment is not available, or is not there.",
    cause: "Pods are wanted and do not become ready; where it is known why, another cause is named before.",
    evidence: "The condition Available of the Deployment, or the operator's condition Ready.",
    remedy: "See the pods, their events and their logs.",
  },
  find(facts) {
    const owner = subjectOwner(facts);
    if (owner === undefined || owner.deletingSince > 0) return [];
    if (isAbsent(facts.deployment)) {
      if (facts.now - owner.changedAt < PATIENCE_MS) return [];
      const ready = conditionIn(owner, "Ready");
      const said = ready?.status === "False" ? ready : undefined;
      return [{
        cause: `There is no Deployment of ${owner.about}${said === undefined ? "" : `: ${said.message}`}`,
        confidence: "likely",
        evidence: [
          ...(said === undefined ? [] : [quoteCondition(owner.about, said)]),
          quoteNow(facts, `Deployment of ${owner.about}`, "not found"),
        ],
        next: [seeOwner(owner)],
      }];
    }
    const { metadata, spec, status } = record(valueOf(facts.deployment));
    const available = list(record(status)["conditions"]).map(conditionView).find(({ type }) =>
      type === "Available"
    );
    const wanted = number(record(spec)["replicas"] ?? 1);
    if (wanted === 0 || available?.status !== "False") return [];
    if (facts.now - Math.max(available.at, owner.changedAt) < PATIENCE_MS) return [];
    const name = text(record(metadata)["name"]);
    const about = `Deployment ${owner.namespace}/${name}`;
    return [{
      cause: `Of ${about}, ${number(record(status)["readyReplicas"])} of ${wanted} pods are ready${
        since(available.at)
      }.`,
      confidence: "likely",
      evidence: [quoteCondition(about, available)],
      next: [
        { text: "See its pods.", command: kubectl(owner.namespace, "describe", "deployment", name) },
        {
          text: "Read what they say.",
          command: kubectl(owner.namespace, "logs", `deployment/${name}`, "--tail=100"),
        },
      ],
    }];
  },
};
