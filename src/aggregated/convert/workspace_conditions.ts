/**
 * The conditions of a workspace. They follow from Coder's record and from what is kept, times included, so that all
 * replicas show the same. GitOps tools read them as kstatus does: `Stalled` is a failure, `Reconciling` and a `Ready` that is not true are
 * progress, and no `Ready` at all is fine. That is why a stopped workspace has none: it is as it should be, but nobody
 * can use it.
 */
import type { Condition } from "../../api/kubernetes/types.ts";
import { isStarting, type Workspace, type WorkspaceAgent } from "../../inventory/mod.ts";
import { type Aspect, condition, cut, EPOCH } from "./condition.ts";
import { later, timeOf } from "./metadata.ts";
import { NO_OVERLAY, type Overlay } from "./overlay.ts";
import { agentsOf } from "./workspace_agents.ts";
import { changePending } from "./workspace_wish.ts";

/** Builds that are on their way, by status, with how that is called. */
const UNDER_WAY: Readonly<Record<string, readonly [reason: string, message: string]>> = {
  pending: ["Pending", "The build waits for a provisioner"],
  starting: ["Starting", "The workspace is being started"],
  stopping: ["Stopping", "The workspace is being stopped"],
  canceling: ["Canceling", "The build is being cancelled"],
  deleting: ["Deleting", "The workspace is being deleted"],
};

/** In a fixed order. */
export function workspaceConditions(workspace: Workspace, overlay: Overlay = NO_OVERLAY): Condition[] {
  const created = timeOf(workspace.created_at) ?? EPOCH;
  const ready = readiness(workspace, created);
  const change = changePending(workspace, overlay);
  const waits = change?.status === true ? change : undefined;
  const progress = ready !== undefined && !ready.status && PROGRESS.has(ready.reason) ? ready : waits;
  // Either the one or the other: what is kept is tried, whatever has failed before.
  const failed = ready !== undefined && STALLED.has(ready.reason) ? ready : change;
  return [
    ...(ready === undefined ? [] : [condition("Ready", ready)]),
    condition("Building", building(workspace, created)),
    condition("Dormant", dormancy(workspace, created)),
    condition("Outdated", age(workspace, created)),
    ...(change === undefined ? [] : [condition("ChangePending", change)]),
    ...(progress === undefined ? [] : [condition("Reconciling", { ...progress, status: true })]),
    ...(progress !== undefined || failed === undefined
      ? []
      : [condition("Stalled", { ...failed, status: true })]),
  ];
}

const PROGRESS = new Set([...Object.values(UNDER_WAY).map(([reason]) => reason), "AgentsStarting"]);
const STALLED = new Set(["BuildFailed", "BuildCanceled"]);

function readiness(workspace: Workspace, created: string): Aspect | undefined {
  const { latest_build: build } = workspace;
  const begun = timeOf(build.created_at) ?? created;
  const over = settledAt(workspace) ?? begun;
  const no = (reason: string, message: string, since: string): Aspect => ({
    status: false,
    reason,
    message,
    since,
  });
  const way = UNDER_WAY[build.status];
  if (way !== undefined) return no(...way, begun);
  switch (build.status) {
    case "running":
      return agentReadiness(agentsOf(workspace).filter((agent) => !agent.parent_id), over);
    case "stopped":
    case "deleted":
      return undefined;
    case "canceled":
      return no("BuildCanceled", `The build (${build.transition}) was cancelled`, over);
    case "failed":
      return no("BuildFailed", cut(build.job?.error || `The build (${build.transition}) failed`), over);
  }
  return no("Unknown", `Coder calls the build ${cut(build.status)}`, begun);
}

function agentReadiness(agents: readonly WorkspaceAgent[], built: string): Aspect {
  const named = (some: readonly WorkspaceAgent[]) =>
    some.map(({ name, health }) => health?.reason ? `${name} (${health.reason})` : name).join(", ");
  const starting = agents.filter(isStarting);
  const sick = agents.filter((agent) => !isStarting(agent) && !isUsable(agent));
  if (sick.length > 0) {
    const message = cut(`Agents that are not well: ${named(sick)}`);
    return { status: false, reason: "AgentsUnhealthy", message, since: built };
  }
  if (starting.length > 0) {
    const message = cut(`Agents that are starting: ${named(starting)}`);
    return { status: false, reason: "AgentsStarting", message, since: built };
  }
  const since = agents.map(({ ready_at }) => timeOf(ready_at)).reduce(later, built) ?? built;
  return { status: true, reason: "Running", message: "The workspace can be used", since };
}

function isUsable({ status, lifecycle_state, health }: WorkspaceAgent): boolean {
  return status === "connected" && (lifecycle_state === "start_timeout" || health?.healthy !== false);
}

function building(workspace: Workspace, created: string): Aspect {
  const { latest_build: build } = workspace;
  const begun = timeOf(build.created_at) ?? created;
  const way = UNDER_WAY[build.status];
  if (way !== undefined) return { status: true, reason: way[0], message: way[1], since: begun };
  return {
    status: false,
    reason: "Idle",
    message: `The latest build (${build.transition}) is over`,
    since: settledAt(workspace) ?? begun,
  };
}

function dormancy({ dormant_at, deleting_at }: Workspace, created: string): Aspect {
  const since = timeOf(dormant_at);
  if (since === undefined) {
    return { status: false, reason: "InUse", message: "The workspace is not dormant", since: created };
  }
  const end = timeOf(deleting_at);
  const message = `Nobody has used the workspace for long${
    end === undefined ? "" : `; Coder deletes it at ${end}`
  }`;
  return { status: true, reason: "Dormant", message, since };
}

/** When a newer version came is not in the record; the build chose its version when it was asked for. */
function age({ outdated, latest_build }: Workspace, created: string): Aspect {
  const since = timeOf(latest_build.created_at) ?? created;
  return outdated
    ? { status: true, reason: "NewerVersion", message: "The template has another active version", since }
    : { status: false, reason: "UpToDate", message: "The template's active version is in use", since };
}

function settledAt({ latest_build: { job, updated_at } }: Workspace): string | undefined {
  return timeOf(job?.completed_at) ?? timeOf(updated_at);
}
