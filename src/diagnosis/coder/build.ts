/** A workspace as Coder has it, with its latest build. */
import { z } from "zod";
import type { BuildFacts } from "../coder_facts.ts";
import type { CoderReader } from "../look.ts";
import { agentsSchema } from "./agent.ts";
import { jobSchema, NO_JOB } from "./job.ts";
import { count, flag, some, text, time } from "./lenient.ts";

const buildSchema = z.object({
  id: text,
  build_number: count,
  transition: text,
  status: text,
  reason: text,
  initiator_name: text,
  created_at: time,
  deadline: time,
  template_version_id: some,
  template_version_name: some,
  daily_cost: z.number().optional().catch(undefined),
  job: jobSchema.catch(NO_JOB),
  matched_provisioners: z.object({ count, available: count, most_recently_seen: time }).optional()
    .catch(undefined),
  resources: agentsSchema,
});

const workspaceSchema = z.object({
  id: text,
  name: text,
  owner_name: text,
  owner_id: text,
  organization_id: text,
  organization_name: text,
  template_id: text,
  template_name: text,
  outdated: flag,
  template_require_active_version: flag,
  dormant_at: time,
  deleting_at: time,
  last_used_at: time,
  autostart_schedule: some,
  latest_build: buildSchema,
});

/** The record of a workspace, read into facts. */
export const workspaceBuildSchema = workspaceSchema.transform((workspace): BuildFacts => {
  const { latest_build: build } = workspace;
  const { job, matched_provisioners: matched } = build;
  return {
    id: build.id,
    number: build.build_number,
    transition: build.transition,
    status: build.status,
    reason: build.reason,
    initiator: build.initiator_name,
    createdAt: build.created_at,
    deadline: build.deadline,
    templateVersionId: build.template_version_id,
    templateVersionName: build.template_version_name,
    dailyCost: build.daily_cost,
    job: {
      status: job.status,
      error: job.error,
      errorCode: job.error_code,
      tags: job.tags,
      createdAt: job.created_at,
      startedAt: job.started_at,
      completedAt: job.completed_at,
      canceledAt: job.canceled_at,
      workerName: job.worker_name,
      queuePosition: job.queue_position,
      queueSize: job.queue_size,
    },
    ...(matched === undefined ? {} : {
      matched: {
        count: matched.count,
        available: matched.available,
        mostRecentlySeen: matched.most_recently_seen,
      },
    }),
    agents: build.resources,
    workspace: {
      id: workspace.id,
      name: workspace.name,
      ownerName: workspace.owner_name,
      ownerId: workspace.owner_id,
      organizationId: workspace.organization_id,
      organizationName: workspace.organization_name,
      templateId: workspace.template_id,
      templateName: workspace.template_name,
      outdated: workspace.outdated,
      templateRequiresActiveVersion: workspace.template_require_active_version,
      dormantAt: workspace.dormant_at,
      deletingAt: workspace.deleting_at,
      lastUsedAt: workspace.last_used_at,
      autostartSchedule: workspace.autostart_schedule,
    },
  };
});

/** The latest build of a workspace, by the workspace's id, or by its owner's and its own name. */
export async function readBuild(
  coder: CoderReader,
  workspace: { readonly id: string } | { readonly owner: string; readonly name: string },
): Promise<BuildFacts> {
  return await coder.get(
    "id" in workspace
      ? {
        route: "/api/v2/workspaces/{workspace}",
        parameters: { workspace: workspace.id },
        answer: workspaceBuildSchema,
      }
      : {
        route: "/api/v2/users/{user}/workspace/{name}",
        parameters: { user: workspace.owner, name: workspace.name },
        answer: workspaceBuildSchema,
      },
  );
}
