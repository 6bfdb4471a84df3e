/** Before the Deployment is applied: which image the pods get in this pass. */
import { isControlledBy } from "../../kube/apply/owner_references.ts";
import type { Pass, Step, Tools } from "../step.ts";
import { clearJobs, ensureBackup } from "./backup_step.ts";
import { judge, untested, type Verdict } from "./gate.ts";
import { isUnderWay, keepImage, releaseImage, type UpgradePlan } from "./plan.ts";
import { SchemaWaits } from "./schema_wait.ts";
import { type UpgradeFacts, upgradeFacts } from "./upgrade_facts.ts";
import { backupText, checkingText, journey, report } from "./words.ts";

/** How soon a Job that the API server refused is tried again. */
const REFUSED_RETRY_MS = 60_000;

/** Checks a changed image, and has a backup made before it goes to the pods. While it waits, the pods keep theirs. */
export function upgradeStep(): Step {
  const waits = new SchemaWaits();
  return { name: "Upgrade", run: (pass, tools) => decide(pass, tools, waits) };
}

async function decide(pass: Pass, tools: Tools, waits: SchemaWaits): Promise<void> {
  const cached = tools.kinds.deployments.get(pass.key);
  const deployment = cached !== undefined && isControlledBy(cached, pass.object) ? cached : undefined;
  const facts = upgradeFacts({
    controlPlane: pass.controlPlane,
    status: pass.object.status,
    deployment,
    said: pass.visit?.version,
    ...(pass.visitDue !== true && { migration: pass.visit?.migration }),
  });
  const verdict = judge(facts);
  const keep = keepImage(facts, verdict, deployment);
  // First of all: whatever fails below, no image gets to the pods that may not.
  use(pass, keep);
  const release = () => use(pass, releaseImage(facts, verdict, deployment, tools.now()));
  const warning = verdict.kind === "keep" && !isUnderWay(keep) ? undefined : untested(facts.wanted);
  if (warning !== undefined) pass.report.warning({ reason: "VersionNotTested", message: warning });
  const left = waitsForNumber(facts, verdict)
    ? waits.left(pass.object.metadata.uid ?? "", facts.wanted, pass.visitDue === true, tools.now().getTime())
    : 0;
  if (left > 0) {
    pass.report.lookAgain(left);
    return report(pass.report, "CheckingDatabase", checkingText(facts), {
      ...journey(facts, facts.wanted),
      step: "Checking",
    });
  }
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
}

/** The number decides about giving up, now or later. Without it pods alone tell, so nothing waits for it for long. */
function waitsForNumber({ wanted, completed, hasRun }: UpgradeFacts, { kind }: Verdict): boolean {
  if (completed === undefined || !hasRun || kind === "keep") return false;
  return kind === "release" || wanted === completed;
}

function use(pass: Pass, plan: UpgradePlan): void {
  pass.upgrade = plan;
  pass.image = plan.image;
}
