/**
 * Jobs of provisioners as a sign that workspaces change: one small list for each organization tells of every build, where
 * the list of all workspaces is too large to be asked for often.
 */
import type { ProvisionerJob } from "../../coder/mod.ts";
import type { CallLimits } from "./lists.ts";
import type { CopyClient } from "./types.ts";

/** Most that Coder is asked for at a time. */
const LIMIT = 1_000;
/** Organizations of one round; the others come in the next ones. */
const ORGANIZATIONS = 4;
const STATUSES = ["pending", "running"] as const;

/** What the jobs say. */
export interface JobNews {
  /** Workspaces of which a build came, changed or went. */
  readonly workspaces: ReadonlySet<string>;
  /** A build came or went, and Coder does not say of what. */
  readonly hasUnnamed: boolean;
}

export class JobSignal {
  /** Open jobs by organization, then by id: their status and their workspace. */
  readonly #open = new Map<string, Map<string, Pick<ProvisionerJob, "status" | "type" | "metadata">>>();
  #turn = 0;

  /** Asks for the jobs of some of the organizations. Rejects where one of them cannot be listed. */
  async news(
    { provisionerJobs }: Pick<CopyClient, "provisionerJobs">,
    organizations: readonly string[],
    limits: CallLimits,
  ): Promise<JobNews> {
    const workspaces = new Set<string>();
    let hasUnnamed = false;
    const mark = ({ type, metadata }: Pick<ProvisionerJob, "type" | "metadata">) => {
      if (metadata?.workspace_id) workspaces.add(metadata.workspace_id);
      else if (type === "workspace_build") hasUnnamed = true;
    };
    for (const organization of this.#next(organizations)) {
      const jobs = await provisionerJobs.list(organization, { limit: LIMIT, statuses: STATUSES }, limits);
      const before = this.#open.get(organization) ?? new Map();
      const now = new Map(jobs.map(({ id, status, type, metadata }) => [id, { status, type, metadata }]));
      for (const [id, job] of now) if (before.get(id)?.status !== job.status) mark(job);
      for (const [id, job] of before) if (!now.has(id)) mark(job);
      this.#open.set(organization, now);
    }
    return { workspaces, hasUnnamed };
  }

  #next(organizations: readonly string[]): string[] {
    if (organizations.length <= ORGANIZATIONS) return [...organizations];
    return Array.from(
      { length: ORGANIZATIONS },
      () => organizations[this.#turn++ % organizations.length]!,
    );
  }
}
