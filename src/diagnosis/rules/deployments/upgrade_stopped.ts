/** A change of Coder's version does not go on. */
import { conditionIn, subjectOwner } from "../../owner_view.ts";
import { editOwner, quoteCondition } from "../../owner_steps.ts";
import { kubectl } from "../../pods/steps.ts";
import { record, text } from "../../foreign.ts";
import type { NextStep, Rule } from "../../types.ts";

const REASONS = ["UpgradeBlocked", "BackupFailed", "RolloutStopped"];

/** See the file's head. */
export const upgradeStopped: Rule = {
  id: "upgrade-stopped",
  subjects: ["controlplane"],
  needs: ["controlPlane"],
  depth: 50,
  explains: ["rollout-stuck", "deployment-unavailable"],
  docs: {
    title: "An upgrade of Coder is blocked or was stopped",
    symptom: "spec.image is another one than that which runs; pods of the version before serve on.",
    cause:
      "The way between the two versions is not allowed, the backup failed, or the new pods did not become ready.",
    evidence: "The operator's condition Upgrading.",
    remedy: "See what it asks for; set spec.image back, or have it tried again. See docs/upgrades.md.",
  },
  find(facts) {
    const owner = subjectOwner(facts);
    const upgrading = owner === undefined ? undefined : conditionIn(owner, "Upgrading");
    if (owner === undefined || upgrading?.status !== "False" || !REASONS.includes(upgrading.reason)) {
      return [];
    }
    const upgrade = record(owner.status["upgrade"]);
    const [from, to, job] = [upgrade["from"], upgrade["to"], upgrade["backupJob"]].map(text);
    const way = to === "" ? "" : from === "" ? ` to ${to}` : ` from ${from} to ${to}`;
    const log: NextStep[] = upgrading.reason === "BackupFailed" && job !== ""
      ? [{ text: "Read what the backup says.", command: kubectl(owner.namespace, "logs", `job/${job}`) }]
      : [];
    return [{
      cause: `The upgrade of ${owner.about}${way} ${
        upgrading.reason === "UpgradeBlocked" ? "is blocked" : "was stopped"
      }: ${upgrading.message}`,
      confidence: "certain",
      evidence: [quoteCondition(owner.about, upgrading)],
      next: [
        ...log,
        editOwner(owner, "Correct spec.image or spec.upgrade."),
        {
          text: "Have it tried again, once the cause is mended.",
          command: `kubectl -n ${owner.namespace} annotate --overwrite codercontrolplane ${owner.name} ` +
            'coder.com/retry-upgrade="$(date +%s)"',
        },
      ],
    }];
  },
};
