/** What a workspace is doing. */
import type { Workspace, WorkspaceAgent } from "../../coder/mod.ts";

const UNDER_WAY = new Set(["pending", "starting", "stopping", "canceling", "deleting"]);

/** Whether a build of this status is not over. */
export function isUnderWay(status: string): boolean {
  return UNDER_WAY.has(status);
}

/** Whether an agent has not yet been there since the start of its workspace. */
export function isStarting({ status, lifecycle_state }: WorkspaceAgent): boolean {
  return status === "connecting" ||
    (status === "connected" && ["created", "starting"].includes(lifecycle_state));
}

/** Whether more is about to happen by itself: a build that is not over, or agents that are about to come. */
export function isChanging({ latest_build: { status, resources } }: Workspace): boolean {
  return isUnderWay(status) ||
    (status === "running" && resources.some(({ agents }) => agents.some(isStarting)));
}
