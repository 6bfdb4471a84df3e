/** Which provisioner jobs a daemon would take, by Coder's rules. */

import { daemonTags, type ProvisionerJob as CoderJob, type Tags, tagsMatch } from "../coder/mod.ts";

export { daemonTags, type Tags, tagsMatch };

/** The part of a provisioner job that counts here. */
export interface ProvisionerJob {
  readonly id: string;
  readonly organizationID: string;
  /** `pending`, `running`, `canceling`, or one of those of jobs that are over. */
  readonly status: string;
  readonly tags: Tags;
  /** Name of the daemon that works on it; empty where there is none, or an older Coder does not tell. */
  readonly workerName: string;
}

/** A job as Coder lists it. */
export function jobOf({ id, organization_id, status, tags, worker_name }: CoderJob): ProvisionerJob {
  return { id, organizationID: organization_id, status, tags, workerName: worker_name };
}

/** What provisioners with one key can work on. */
export interface Queue {
  readonly organizationID: string;
  /** Of the key, as the spec gives them. */
  readonly tags: Tags;
  /** Ids of the keys that the pods sign in with. @default none is known */
  readonly keyIDs?: readonly string[];
}

/** True for jobs of the organization that the queue's daemons may take. */
export function matches(job: ProvisionerJob, queue: Queue): boolean {
  return job.organizationID === queue.organizationID && tagsMatch(job.tags, daemonTags(queue.tags));
}

/** Nobody works on it yet. */
export function isPending({ status }: ProvisionerJob): boolean {
  return status === "pending";
}

/** Somebody works on it, be it on its cancellation. */
export function isRunning({ status }: ProvisionerJob): boolean {
  return status === "running" || status === "canceling";
}
