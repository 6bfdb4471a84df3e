/** The Job that makes a backup before another version rolls out. Pure. */
import type { ControlPlane } from "../../api/control_plane.ts";
import type { Container, EnvVar, Job } from "../../api/kubernetes/types.ts";
import { shortHash } from "../../kube/apply/canonical_json.ts";
import { mergeEnv } from "../../workload/env.ts";
import { INSTANCE_LABEL, MANAGED_BY, MANAGED_BY_LABEL, NAME_LABEL } from "../../workload/labels.ts";
import { backupJobName } from "../../workload/names.ts";
import { serviceAccountName } from "../children/pod_template.ts";
import type { UpgradeFacts, UpgradeSettings } from "./upgrade_facts.ts";

/** Value of the name label of backup Jobs: that of Coder's pods is what the Service selects. */
export const BACKUP_NAME = "coder-backup";
/** On a backup Job: a hash of the image that waits for it. */
export const TARGET_LABEL = "coder.com/backup-target";
/** On a backup Job: a hash of the image and of the rollout before it. A backup counts for this one change alone. */
export const CHANGE_LABEL = "coder.com/backup-change";
/** On a backup Job: a hash of what makes it worth another try. */
export const ATTEMPT_LABEL = "coder.com/backup-attempt";

/** Seconds that a backup may take. */
const DEADLINE = 3_600;

/** `spec.upgrade.backup` */
export type BackupSettings = NonNullable<UpgradeSettings["backup"]>;

/** What tells one backup from another; values of labels. */
export interface BackupIdentity {
  readonly target: string;
  readonly change: string;
  readonly attempt: string;
}

/** The backup that the wanted image has to wait for. `deploymentUid` tells a Deployment that was made anew. */
export function backupIdentity(facts: UpgradeFacts, deploymentUid: string): BackupIdentity {
  const { wanted, released, state, retry, settings } = facts;
  return {
    target: shortHash({ wanted }),
    change: shortHash({ wanted, released, since: state?.since ?? deploymentUid }),
    attempt: shortHash({ retry, backup: settings.backup }),
  };
}

/** How far the backup is. */
export type BackupState =
  | { readonly kind: "missing" }
  | { readonly kind: "running"; readonly job: Job }
  | { readonly kind: "succeeded"; readonly job: Job }
  | { readonly kind: "failed"; readonly job: Job };

/** Looks for the backup among the control plane's own backup Jobs. */
export function backupState(jobs: readonly Job[], identity: BackupIdentity): BackupState {
  const ours = jobs.filter((job) =>
    job.metadata.deletionTimestamp === undefined && label(job, TARGET_LABEL) === identity.target
  );
  const same = ours.filter((job) => label(job, CHANGE_LABEL) === identity.change);
  const succeeded = same.find((job) => jobEnd(job) === "Complete");
  if (succeeded !== undefined) return { kind: "succeeded", job: succeeded };
  // Never two at a time for one image, whatever else has changed.
  const running = ours.find((job) => jobEnd(job) === undefined);
  if (running !== undefined) return { kind: "running", job: running };
  const failed = same.find((job) => label(job, ATTEMPT_LABEL) === identity.attempt);
  return failed === undefined ? { kind: "missing" } : { kind: "failed", job: failed };
}

/** How a Job ended; undefined while it goes on. */
export function jobEnd(job: Job): "Complete" | "Failed" | undefined {
  const types = (job.status?.conditions ?? []).filter(({ status }) => status === "True").map(({ type }) =>
    type
  );
  if (types.includes("Failed")) return "Failed";
  return types.includes("Complete") ? "Complete" : undefined;
}

/** Why a Job failed, in the cluster's words. */
export function jobFailure(job: Job): string {
  const failed = job.status?.conditions?.find(({ type, status }) => type === "Failed" && status === "True");
  return [failed?.reason, failed?.message].filter((each) => each !== undefined && each !== "").join(": ");
}

/** How many finished Jobs stay, for their logs. */
export const KEPT_JOBS = 2;

/** Jobs that may go: old ones that have finished, and those that go on for an image that nobody wants any more. */
export function superfluousJobs(jobs: readonly Job[], identity: BackupIdentity | undefined): Job[] {
  const isCurrent = (job: Job) => identity !== undefined && label(job, TARGET_LABEL) === identity.target;
  const others = jobs.filter((job) => job.metadata.deletionTimestamp === undefined && !isCurrent(job));
  const finished = others.filter((job) => jobEnd(job) !== undefined)
    .sort((a, b) => created(b).localeCompare(created(a)));
  return [...others.filter((job) => jobEnd(job) === undefined), ...finished.slice(KEPT_JOBS)];
}

/** What else the Job is made from. */
export interface BackupParts {
  settings: BackupSettings;
  identity: BackupIdentity;
  /** Versions, for the Job's environment. */
  from: string;
  to: string;
  /** Where Coder's database is, as Coder's own environment has it; empty where that is not known. */
  database: readonly EnvVar[];
}

/** The Job. */
export function backupJob(controlPlane: ControlPlane, parts: BackupParts): Job {
  const { metadata: { namespace = "", name = "" }, spec } = controlPlane;
  const { settings, identity, from, to, database } = parts;
  const labels = { [NAME_LABEL]: BACKUP_NAME, [INSTANCE_LABEL]: name, [MANAGED_BY_LABEL]: MANAGED_BY };
  const env = [
    { name: "CODER_K8S_FROM_VERSION", value: from },
    { name: "CODER_K8S_TO_VERSION", value: to },
    ...database,
  ];
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: backupJobName(name, shortHash(identity).slice(0, 10)),
      namespace,
      labels: {
        ...labels,
        [TARGET_LABEL]: identity.target,
        [CHANGE_LABEL]: identity.change,
        [ATTEMPT_LABEL]: identity.attempt,
      },
    },
    spec: {
      backoffLimit: settings.retries ?? 0,
      activeDeadlineSeconds: settings.deadlineSeconds ?? DEADLINE,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: "Never",
          serviceAccountName: settings.serviceAccountName ?? serviceAccountName(controlPlane),
          ...(settings.podSecurityContext !== undefined && { securityContext: settings.podSecurityContext }),
          ...(spec.imagePullSecrets.length > 0 && { imagePullSecrets: [...spec.imagePullSecrets] }),
          ...(Object.keys(spec.nodeSelector).length > 0 && { nodeSelector: spec.nodeSelector }),
          ...(spec.tolerations.length > 0 && { tolerations: [...spec.tolerations] }),
          ...(settings.volumes.length > 0 && { volumes: [...settings.volumes] }),
          containers: settings.containers.map((container) => withEnv(container, env)),
        },
      },
    },
  };
}

/** The user's own definitions win. The last lines of a container that fails become the message of its end. */
function withEnv(container: Container, env: readonly EnvVar[]): Container {
  return {
    terminationMessagePolicy: "FallbackToLogsOnError",
    ...container,
    env: mergeEnv([...env, ...(container.env ?? [])]).env,
  };
}

function label(job: Job, name: string): string | undefined {
  return job.metadata.labels?.[name];
}

function created(job: Job): string {
  return job.metadata.creationTimestamp ?? "";
}
