/** What is said about upgrades. Reasons are stable: alerts and scripts may rely on them. */
import type { ObjectKey } from "../../api/object.ts";
import type { ConditionUpdate } from "../../workload/conditions.ts";
import type { Report } from "../report.ts";
import type { Backup } from "./backup_step.ts";
import { versionLabel } from "./gate.ts";
import type { UpgradeStatus } from "./plan.ts";
import { brokenOff, movedWords } from "./schema.ts";
import { RETRY_ANNOTATION, type UpgradeFacts } from "./upgrade_facts.ts";
import { versionText } from "./version.ts";

/** The type of the condition. */
export const UPGRADING = "Upgrading";

/** Reasons of {@linkcode UPGRADING}. */
export type UpgradeReason =
  | "UpgradeBlocked"
  | "CheckingDatabase"
  | "BackingUp"
  | "BackupFailed"
  | "RollingOut"
  | "WaitingForMigrations"
  | "RolloutStopped";

const UNDER_WAY: readonly UpgradeReason[] = [
  "CheckingDatabase",
  "BackingUp",
  "RollingOut",
  "WaitingForMigrations",
];

/** Says how the upgrade fares; what does not go on by itself is a trouble as well. */
export function report(to: Report, reason: UpgradeReason, message: string, status: UpgradeStatus): void {
  const going = UNDER_WAY.includes(reason);
  const condition: ConditionUpdate = {
    type: UPGRADING,
    status: going ? "True" : "False",
    reason,
    message,
  };
  to.condition(condition);
  to.status({ upgrade: status });
  if (!going) to.trouble({ reason, message });
}

/** Says that no upgrade is under way. */
export function reportNone(to: Report): void {
  to.noCondition(UPGRADING);
  to.status({ upgrade: undefined });
}

/** From what to what. Unknown versions are left out. */
export function journey(facts: UpgradeFacts, image: string): Pick<UpgradeStatus, "from" | "to" | "image"> {
  const before = facts.completed !== image ? versionLabel(facts.completed) : "unknown";
  const from = before !== "unknown"
    ? before
    : facts.floor === undefined
    ? "unknown"
    : versionText(facts.floor);
  const to = versionLabel(image);
  return { ...(from !== "unknown" && { from }), ...(to !== "unknown" && { to }), image };
}

/** How to have something tried again. */
export function howToRetry({ namespace, name }: ObjectKey): string {
  return `kubectl annotate --overwrite codercontrolplane ${name} --namespace ${namespace} ` +
    `${RETRY_ANNOTATION}="$(date +%s)"`;
}

/** The moment in which the number of the database's migration is read. */
export function checkingText(facts: UpgradeFacts): string {
  return `Before ${facts.wanted} is rolled out, the number of the last migration is read from the database, where that ` +
    `can be reached; the pods keep ${facts.released}`;
}

/** How the backup that `facts` wait for fares. */
export function backupText(facts: UpgradeFacts, backup: Backup, key: ObjectKey): string {
  const keep = `the pods keep ${facts.released}`;
  switch (backup.kind) {
    case "running":
      return `Job ${backup.job} makes the backup that ${facts.wanted} waits for; ${keep}`;
    case "refused":
      return `The API server refuses Job ${backup.job}, which was to make a backup before ${facts.wanted}: ` +
        `${backup.why}. Correct spec.upgrade.backup; ${keep}`;
    case "failed":
      return `The backup before ${facts.wanted} failed: Job ${backup.job}${
        because(backup.why)
      }. See kubectl logs ` +
        `--namespace ${key.namespace} job/${backup.job}; ${keep}. To try again, correct spec.upgrade.backup, or: ` +
        howToRetry(key);
    case "succeeded":
      return `Job ${backup.job} has made the backup`;
  }
}

/** Why a rollout was stopped, and what to do. */
export function stoppedText(
  { facts, image, key, words }: { facts: UpgradeFacts; image: string; key: ObjectKey; words: string },
): string {
  const back = wayBack(facts, image);
  return `The rollout of ${image} was stopped, because its pods do not become ready${
    because(words)
  }. Pods of the ` +
    `image before serve on where there are any. ${back}To try again, correct the spec, or: ${
      howToRetry(key)
    }`;
}

function wayBack(facts: UpgradeFacts, image: string): string {
  const { completed, migration, state } = facts;
  const dirty = migration?.dirty === true
    ? `${
      capital(brokenOff(migration.version))
    }: Coder does not start on it before a backup is restored or somebody ` +
      "has put that right by hand. "
    : "";
  if (completed === undefined || completed === image) return dirty;
  const byBackup =
    `going back to ${completed} needs a backup of the database and spec.upgrade.allowDowngrade. `;
  if (facts.schemaMoved) {
    const words = `${
      capital(movedWords(state?.schema))
    }: no pod of ${completed} can be started anew on it, and ${byBackup}`;
    return state?.schema?.dirty === true ? `${words}Coder does not start on it as it is. ` : words;
  }
  if (facts.moved) {
    return `${dirty}A pod of a later image than ${completed} was ready, so that the database is its own now: ${byBackup}`;
  }
  const proof = migration === undefined || state?.schema === undefined
    ? "No pod of it has been ready"
    : `The database schema has not moved (${migration.version})`;
  return `${dirty}${proof}; set spec.image back to ${completed} to give it up. `;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function because(why: string): string {
  return why === "" ? "" : ` (${why})`;
}
