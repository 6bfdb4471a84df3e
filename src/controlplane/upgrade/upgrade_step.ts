/** Before the Deployment is applied: which image the pods get in this pass. */
import { isControlledBy } from "../../kube/apply/owner_references.ts";
import type { Pass, Step } from "../step.ts";
import { clearJobs, ensureBackup } from "./backup_step.ts";
import { judge, untested } from "./gate.ts";
import { isUnderWay, keepImage, releaseImage, type UpgradePlan } from "./plan.ts";
import { upgradeFacts } from "./upgrade_facts.ts";
import { backupText, journey, report } from "./words.ts";

/** How soon a Job that the API server refused is tried again. */
const REFUSED_RETRY_MS = 60_000;

/** Checks a changed image, and has a backup made before it goes to the pods. While it waits, the pods keep theirs. */
export const upgradeStep: Step = {
  name: "Upgrade",
  async run(pass, tools) {
    const cached = tools.kinds.deployments.get(pass.key);
    const deployment = cached !== undefined && isControlledBy(cached, pass.object) ? cached : undefined;
    const facts = upgradeFacts({
      controlPlane: pass.controlPlane,
      status: pass.object.status,
      deployment,
      said: pass.visit?.version,
    });
    const verdict = judge(facts);
    const keep = keepImage(facts, verdict, deployment);
    // First of all: whatever fails below, no image gets to the pods that may not.
    use(pass, keep);
    const release = () => use(pass, releaseImage(facts, verdict, deployment, tools.now()));
    const warning = verdict.kind === "keep" && !isUnderWay(keep) ? undefined : untested(facts.wanted);
    if (warning !== undefined) pass.report.warning({ reason: "VersionNotTested", message: warning });
    if (verdict.kind === "blocked") {
      report(pass.report, "UpgradeBlocked", verdict.message, {
        ...journey(facts, facts.wanted),
        step: "Blocked",
      });
    }
    const settings = facts.settings.backup;
    if (verdict.kind !== "release" || !verdict.backup || settings === undefined) {
      if (verdict.kind === "release") release();
      return await clearJobs(pass, tools);
    }
    const backup = await ensureBackup(pass, tools, facts, { settings, deployment });
    if (backup.kind === "succeeded") return release();
    const running = backup.kind === "running";
    if (backup.kind === "refused") pass.report.lookAgain(REFUSED_RETRY_MS);
    report(pass.report, running ? "BackingUp" : "BackupFailed", backupText(facts, backup, pass.key), {
      ...journey(facts, facts.wanted),
      step: running ? "BackingUp" : "BackupFailed",
      ...(backup.kind !== "refused" && { backupJob: backup.job }),
    });
  },
};

function use(pass: Pass, plan: UpgradePlan): void {
  pass.upgrade = plan;
  pass.image = plan.image;
}
