/**
 * Sessions in Coder workspaces, by the workspace's agent: the contract between what finds workspaces for callers
 * (`sessions/workspaces/`) and what works in one (`sessions/agent/`).
 */
import type { Terminal } from "../../coder/terminal.ts";
import type { WorkspacePlace } from "../types.ts";

/** A session's workspace, as whoever called last may reach it. */
export interface AgentAccess {
  readonly place: WorkspacePlace;
  /**
   * A new terminal of its agent, that runs `command` (`/bin/sh` syntax).
   * @throws {SessionError} `unavailable` where the workspace is not running or not connected, `forbidden`, `not_found`
   */
  terminal(command: string, signal: AbortSignal): Promise<Terminal>;
}

/** Who may reach the workspace of a session just now; undefined: nobody has called since this process began. */
export type FindAccess = (sessionId: string) => AgentAccess | undefined;
