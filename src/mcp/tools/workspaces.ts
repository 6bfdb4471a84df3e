/** All tools for workspaces. */
import type { Tool } from "../tool.ts";
import { createWorkspace, deleteWorkspace, updateWorkspace } from "./workspace_changes.ts";
import { extendWorkspace } from "./workspace_extend.ts";
import { getWorkspaceBuildLog } from "./workspace_log.ts";
import { getWorkspace, getWorkspaceAgents, listWorkspaces } from "./workspace_reads.ts";
import { restartWorkspace, setWorkspaceRunning } from "./workspace_running.ts";
import { waitForWorkspace } from "./workspace_wait.ts";

export const WORKSPACE_TOOLS: readonly Tool[] = [
  listWorkspaces,
  getWorkspace,
  setWorkspaceRunning,
  createWorkspace,
  updateWorkspace,
  deleteWorkspace,
  getWorkspaceBuildLog,
  restartWorkspace,
  extendWorkspace,
  getWorkspaceAgents,
  waitForWorkspace,
];
