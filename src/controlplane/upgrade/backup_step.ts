/** Has the backup made that an image waits for, and clears old backup Jobs away. */
import { CoderControlPlanes } from "../../api/control_plane.ts";
import { Jobs } from "../../api/kubernetes/resources.ts";
import type { Deployment, Job } from "../../api/kubernetes/types.ts";
import { keyOf } from "../../api/object.ts";
import { isControlledBy } from "../../kube/apply/owner_references.ts";
import { isConflict, isNotFound, KubeApiError } from "../../kube/errors.ts";
import { NAME_LABEL } from "../../workload/labels.ts";
import { recordApply } from "../../operator/children/child_events.ts";
import type { Pass, Tools } from "../step.ts";
import {
  BACKUP_NAME,
  type BackupIdentity,
  backupIdentity,
  backupJob,
  type BackupSettings,
  backupState,
  jobFailure,
  superfluousJobs,
} from "./backup_job.ts";
import { databaseEnv } from "./database_env.ts";
import { versionLabel } from "./gate.ts";
import { wordsOfPods } from "./pod_words.ts";
import type { UpgradeFacts } from "./upgrade_facts.ts";
import { versionText } from "./version.ts";

/** How the backup fares. */
export type Backup =
  | { readonly kind: "succeeded"; readonly job: string }
  | { readonly kind: "running"; readonly job: string }
  | { readonly kind: "failed"; readonly job: string; readonly why: string }
  /** The API server takes no such Job. */
  | { readonly kind: "refused"; readonly job: string; readonly why: string };

/** Looks for the backup that `facts` ask for, and starts it where there is none. */
export async function ensureBackup(
  pass: Pass,
  tools: Tools,
  facts: UpgradeFacts,
  { settings, deployment }: { settings: BackupSettings; deployment: Deployment | undefined },
): Promise<Backup> {
  const identity = backupIdentity(facts, deployment?.metadata.uid ?? "");
  await clearJobs(pass, tools, identity);
  const found = backupState(ownJobs(pass, tools), identity);
  if (found.kind === "missing") return await startBackup(pass, tools, facts, { settings, identity });
  const job = found.job.metadata.name ?? "";
  if (found.kind !== "failed") return { kind: found.kind, job };
  const selection = { namespace: pass.key.namespace, labelSelector: `batch.kubernetes.io/job-name=${job}` };
  const words = await wordsOfPods(tools.client, selection, () => true, pass.signal);
  const why = [jobFailure(found.job), words].filter((each) => each !== "").join("; ");
  return { kind: "failed", job, why: tools.redact(why) };
}

/** Deletes the backup Jobs that are no longer of use; `identity` is of the backup that is. */
export async function clearJobs(pass: Pass, tools: Tools, identity?: BackupIdentity): Promise<void> {
  for (const job of superfluousJobs(ownJobs(pass, tools), identity)) {
    const { uid } = job.metadata;
    try {
      await tools.client.delete(Jobs, keyOf(job), {
        signal: pass.signal,
        // Left alone, the API server would keep the pods.
        propagationPolicy: "Background",
        ...(uid !== undefined && { preconditions: { uid } }),
      });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
    tools.kinds.jobs.observeDeleted(job);
  }
}

async function startBackup(
  pass: Pass,
  tools: Tools,
  facts: UpgradeFacts,
  { settings, identity }: { settings: BackupSettings; identity: BackupIdentity },
): Promise<Backup> {
  const { controlPlane, object, signal } = pass;
  const desired = backupJob(controlPlane, {
    settings,
    identity,
    from: facts.floor === undefined ? "unknown" : versionText(facts.floor),
    to: versionLabel(facts.wanted),
    database: await databaseEnv(controlPlane, tools.envSources, signal),
  });
  const job = desired.metadata.name ?? "";
  try {
    const { outcome } = await tools.applier.apply(Jobs, desired, {
      owner: object,
      ownerType: CoderControlPlanes,
      signal,
    });
    recordApply(tools.events, object, desired, outcome);
  } catch (error) {
    if (!(error instanceof KubeApiError) || ![400, 403, 422].includes(error.code)) throw error;
    return { kind: "refused", job, why: tools.redact(error.message) };
  }
  return { kind: "running", job };
}

function ownJobs({ key, object }: Pass, { kinds }: Tools): Job[] {
  return kinds.jobs.list({ namespace: key.namespace }).filter((job) =>
    job.metadata.labels?.[NAME_LABEL] === BACKUP_NAME && isControlledBy(job, object)
  );
}
