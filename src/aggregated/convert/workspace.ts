/** A workspace of Coder as a Kubernetes object. A pure function: equal records make equal objects. */
import { isSettled } from "../../actions/mod.ts";
import { apiVersionOf } from "../../api/object.ts";
import {
  type CoderWorkspace,
  CoderWorkspaces,
  type WorkspaceSpec,
  type WorkspaceStatus,
} from "../../api/workspace.ts";
import type { Workspace, WorkspaceBuild } from "../../inventory/mod.ts";
import type { ShadowRecord } from "../../shadow/mod.ts";
import { keptWorkspaceSpec } from "./kept.ts";
import { metadataOf, type Place, timeOf, unlessEmpty } from "./metadata.ts";
import { NO_OVERLAY, type Overlay } from "./overlay.ts";
import { agentsOf, agentStatus } from "./workspace_agents.ts";
import { workspaceConditions } from "./workspace_conditions.ts";
import { deletedSince, wished } from "./workspace_wish.ts";

const API_VERSION = apiVersionOf(CoderWorkspaces);
const MINUTE_MS = 60_000;
const NO_ID = "00000000-0000-0000-0000-000000000000";

/** Whether the workspace runs or is about to, by its latest build: what `spec.running` shows. */
export function isMeantToRun({ transition, status }: Pick<WorkspaceBuild, "transition" | "status">): boolean {
  return transition === "start" && ["pending", "starting", "running"].includes(status);
}

/** The object without a resource version. */
export function workspaceObject(
  workspace: Workspace,
  place: Place,
  overlay: Overlay = NO_OVERLAY,
): CoderWorkspace {
  // It is taken off the record a moment later, and watchers need not hear of that.
  if (overlay.wish !== undefined && isSettled(overlay.wish, workspace)) {
    return workspaceObject(workspace, place, { ...overlay, wish: undefined });
  }
  const { shadow, wish } = overlay;
  return {
    apiVersion: API_VERSION,
    kind: CoderWorkspaces.kind,
    metadata: metadataOf(place, workspace, shadow, deletedSince(workspace, overlay)),
    spec: wish === undefined ? specOf(workspace, shadow) : wished(specOf(workspace, shadow), workspace, wish),
    status: statusOf(workspace, place, overlay),
  };
}

function specOf(workspace: Workspace, shadow: ShadowRecord | undefined): WorkspaceSpec {
  const { latest_build: build } = workspace;
  const preset = build.template_version_preset_id;
  const given = keptWorkspaceSpec(shadow);
  return {
    ...unlessEmpty("organization", workspace.organization_name),
    ...unlessEmpty("templateName", workspace.template_name),
    ...unlessEmpty("templateVersionID", build.template_version_id),
    running: isMeantToRun(build),
    // Other versions have other presets: what was given here stays what was given.
    ...unlessEmpty("presetID", given.presetID ?? (preset === null || preset === NO_ID ? undefined : preset)),
    ...(given.parameters === undefined || Object.keys(given.parameters).length === 0
      ? {}
      : { parameters: given.parameters }),
    ...defined("ttlMillis", ttlOf(workspace.ttl_ms, given.ttlMillis)),
    ...defined("autostartSchedule", workspace.autostart_schedule ?? onlyIf(given.autostartSchedule, "")),
  };
}

/** What was given here is shown as long as Coder has what it makes of it: whole minutes, and nothing of 0. */
function ttlOf(inCoder: number | null | undefined, given: number | undefined): number | undefined {
  const made = given === undefined ? undefined : given - given % MINUTE_MS;
  return made === (inCoder ?? 0) ? given : inCoder ?? undefined;
}

/** Coder says nothing where there is none; who has said so themselves reads what they said. */
function onlyIf<T>(given: T | undefined, none: T): T | undefined {
  return given === none ? none : undefined;
}

function defined<N extends string, T>(name: N, value: T | undefined): { [K in N]?: T } {
  return (value === undefined ? {} : { [name]: value }) as { [K in N]?: T };
}

function statusOf(workspace: Workspace, { addresses }: Place, overlay: Overlay): WorkspaceStatus {
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
    conditions: workspaceConditions(workspace, overlay),
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
