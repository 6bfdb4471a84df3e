/** Sessions in Coder workspaces, through the workspace's agent or from within it. */
export { type AgentHostOptions, createAgentHost } from "./host.ts";
export { createLocalAgentHost, type LocalAgentHostOptions } from "./local.ts";
export type { AgentAccess, FindAccess } from "./types.ts";
