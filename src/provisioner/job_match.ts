/** Which provisioner jobs a daemon would take, by Coder's rules. */

import type { ProvisionerJob as CoderJob } from "../coder/mod.ts";

/** As Coder has them. */
export type Tags = Readonly<Record<string, string>>;

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

const SCOPE = "scope";
const OWNER = "owner";
const NIL_ID = "00000000-0000-0000-0000-000000000000";

/**
 * The tags of a daemon that signs in with a key of these tags. Coder adds a scope, and sets the owner: nobody for the
 * organization's daemons, and for those of a user the user, which a key does not have.
 */
export function daemonTags(tags: Tags): Tags {
  return tags[SCOPE] === "user"
    ? { ...tags, [OWNER]: NIL_ID }
    : { ...tags, [SCOPE]: "organization", [OWNER]: "" };
}

/**
 * Whether a daemon with the tags `daemon` (as {@linkcode daemonTags} gives them) may take a job with the tags `job`: it
 * needs all of the job's tags, but a job without tags of its own goes to daemons without tags of their own alone.
 */
export function tagsMatch(job: Tags, daemon: Tags): boolean {
  const names = Object.keys(job);
  const plain = names.length === 2 && job[SCOPE] === "organization" && job[OWNER] === "";
  if (plain && Object.keys(daemon).length !== names.length) return false;
  return names.every((name) => Object.hasOwn(daemon, name) && daemon[name] === job[name]);
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
