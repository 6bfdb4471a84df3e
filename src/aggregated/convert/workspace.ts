/** A workspace of Coder as a Kubernetes object. A pure function: equal records make equal objects. */
import { apiVersionOf } from "../../api/object.ts";
import { type CoderWorkspace, CoderWorkspaces, type WorkspaceStatus } from "../../api/workspace.ts";
import type { Workspace, WorkspaceBuild } from "../../inventory/mod.ts";
import { metadataOf, type Place, timeOf, unlessEmpty } from "./metadata.ts";
import { agentsOf, agentStatus } from "./workspace_agents.ts";
import { workspaceConditions } from "./workspace_conditions.ts";

const API_VERSION = apiVersionOf(CoderWorkspaces);

/** Whether the workspace runs or is about to, by its latest build: what `spec.running` shows. */
export function isMeantToRun({ transition, status }: Pick<WorkspaceBuild, "transition" | "status">): boolean {
  return transition === "start" && ["pending", "starting", "running"].includes(status);
}

/** The object without a resource version. */
export function workspaceObject(workspace: Workspace, place: Place): CoderWorkspace {
  const { latest_build: build } = workspace;
  return {
    apiVersion: API_VERSION,
    kind: CoderWorkspaces.kind,
    metadata: metadataOf(place, workspace),
    spec: {
      ...unlessEmpty("organization", workspace.organization_name),
      ...unlessEmpty("templateName", workspace.template_name),
      ...unlessEmpty("templateVersionID", build.template_version_id),
      running: isMeantToRun(build),
      ...(workspace.ttl_ms === null || workspace.ttl_ms === undefined ? {} : { ttlMillis: workspace.ttl_ms }),
      ...(workspace.autostart_schedule === null || workspace.autostart_schedule === undefined
        ? {}
        : { autostartSchedule: workspace.autostart_schedule }),
    },
    status: statusOf(workspace, place),
  };
}

function statusOf(workspace: Workspace, { addresses }: Place): WorkspaceStatus {
  const { latest_build: build, owner_name: owner, name } = workspace;
  const home = { owner, workspace: name, addresses };
  const agents = agentsOf(workspace);
  const meantToRun = isMeantToRun(build);
  const page = addresses.access === "" ? "" : `${addresses.access}/@${owner}/${name}`;
  return {
    id: workspace.id,
    ownerName: owner,
    ...unlessEmpty("organizationName", workspace.organization_name),
    ...unlessEmpty("templateName", workspace.template_name),
    latestBuildID: build.id,
    latestBuildStatus: build.status,
    ...unlessEmpty("autoShutdown", timeOf(build.deadline)),
    lastUsedAt: timeOf(workspace.last_used_at) ?? null,
    templateID: workspace.template_id,
    ...unlessEmpty("templateDisplayName", workspace.template_display_name),
    ownerID: workspace.owner_id,
    ...unlessEmpty("accessURL", page),
    latestBuild: {
      number: build.build_number,
      transition: build.transition,
      ...unlessEmpty("reason", build.reason),
      ...unlessEmpty("initiatorName", build.initiator_name),
      ...unlessEmpty("templateVersionName", build.template_version_name),
      ...unlessEmpty("createdAt", timeOf(build.created_at)),
      ...unlessEmpty("completedAt", timeOf(build.job?.completed_at)),
      ...unlessEmpty("error", build.job?.error),
      ...unlessEmpty("errorCode", build.job?.error_code),
    },
    ...(agents.length === 0 ? {} : {
      health: healthOf(workspace),
      agents: agents.map((agent) => agentStatus(agent, home)),
    }),
    ...(workspace.outdated ? { outdated: true } : {}),
    ...unlessEmpty("automaticUpdates", workspace.automatic_updates),
    ...unlessEmpty("dormantAt", timeOf(workspace.dormant_at)),
    ...unlessEmpty("deletingAt", timeOf(workspace.deleting_at)),
    ...(meantToRun ? unlessEmpty("deadline", timeOf(build.deadline)) : {}),
    ...(meantToRun ? unlessEmpty("maxDeadline", timeOf(build.max_deadline)) : {}),
    ...unlessEmpty("nextStartAt", timeOf(workspace.next_start_at)),
    conditions: workspaceConditions(workspace),
  };
}

function healthOf(workspace: Workspace): NonNullable<WorkspaceStatus["health"]> {
  const failing = new Set(workspace.health?.failing_agents ?? []);
  const names = agentsOf(workspace).filter(({ id }) => failing.has(id)).map(({ name }) => name);
  return {
    healthy: workspace.health?.healthy ?? failing.size === 0,
    ...(names.length === 0 ? {} : { failingAgents: names }),
  };
}
