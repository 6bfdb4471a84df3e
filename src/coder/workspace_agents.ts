/** Agents of a workspace and their apps, as builds show them. */
import { z } from "zod";
import { id, nonEmpty, optionalFlag, optionalText, readableListOf, realId } from "./schema_parts.ts";

export const workspaceAppSchema = z.object({
  /** Unique in its agent. */
  slug: nonEmpty,
  display_name: optionalText,
  /** Of external apps where they are; of others what the agent connects to. */
  url: optionalText,
  external: optionalFlag,
  /** What a terminal runs; such an app has no address of its own. */
  command: optionalText,
  subdomain: optionalFlag,
  /** First label of its host name under the wildcard host. */
  subdomain_name: optionalText,
  /** `disabled`, `initializing`, `healthy` or `unhealthy`. */
  health: optionalText,
  hidden: optionalFlag,
});
export type WorkspaceApp = z.infer<typeof workspaceAppSchema>;

/** Latencies and the times of connections, which are new in every answer, are left out on purpose. */
export const workspaceAgentSchema = z.object({
  /** Another one after every start. */
  id: realId,
  /** Of sub-agents, which dev containers are. */
  parent_id: id.nullish(),
  name: nonEmpty,
  /** `connecting`, `connected`, `disconnected` or `timeout`. */
  status: optionalText,
  /** Such as `starting`, `start_error`, `ready`, `off`. */
  lifecycle_state: optionalText,
  health: z.object({ healthy: optionalFlag, reason: optionalText }).nullish(),
  operating_system: optionalText,
  architecture: optionalText,
  expanded_directory: optionalText,
  directory: optionalText,
  version: optionalText,
  ready_at: z.string().nullish(),
  apps: readableListOf(workspaceAppSchema),
});
export type WorkspaceAgent = z.infer<typeof workspaceAgentSchema>;

/** Resources of a build, without those that have no agents. */
export const agentResourcesSchema = readableListOf(
  z.object({ agents: readableListOf(workspaceAgentSchema) }),
).transform((resources) => resources.filter(({ agents }) => agents.length > 0));
