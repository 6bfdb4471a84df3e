/** Agents of a build, and what they have written. */
import { z } from "zod";
import type { AgentFacts, LogLine } from "../coder_facts.ts";
import type { CoderReader } from "../look.ts";
import { answerList, count, flag, list, some, text, time } from "./lenient.ts";

const appSchema = z.object({ slug: text, health: text });

const agentSchema = z.object({
  id: some,
  parent_id: some,
  name: text,
  status: text,
  lifecycle_state: text,
  health: z.object({ healthy: flag, reason: text }).optional().catch(undefined),
  first_connected_at: time,
  last_connected_at: time,
  disconnected_at: time,
  started_at: time,
  created_at: time,
  troubleshooting_url: some,
  connection_timeout_seconds: count,
  apps: list(appSchema),
});

/** Agents of all resources of a build; those of dev containers belong to others, and are left out. */
export const agentsSchema = list(z.object({ agents: list(agentSchema) })).transform((resources) =>
  resources.flatMap(({ agents }) => agents).filter(({ parent_id }) => parent_id === undefined).map((
    agent,
  ): AgentFacts => ({
    id: agent.id,
    name: agent.name,
    status: agent.status,
    lifecycle: agent.lifecycle_state,
    health: agent.health,
    firstConnectedAt: agent.first_connected_at,
    lastConnectedAt: agent.last_connected_at,
    disconnectedAt: agent.disconnected_at,
    startedAt: agent.started_at,
    createdAt: agent.created_at,
    troubleshootingUrl: agent.troubleshooting_url,
    connectionTimeoutSeconds: agent.connection_timeout_seconds > 0
      ? agent.connection_timeout_seconds
      : undefined,
    apps: agent.apps,
  }))
);

const MOST_LINES = 100;

/** The end of what the scripts of an agent have written, oldest first. */
export async function readAgentLog(
  coder: CoderReader,
  { id = "", name }: Pick<AgentFacts, "id" | "name">,
): Promise<readonly LogLine[]> {
  const line = z.object({ created_at: time, level: text, output: text }).transform((line): LogLine => ({
    at: line.created_at,
    level: line.level,
    stage: name,
    text: line.output,
  }));
  const lines = await coder.get({
    route: "/api/v2/workspaceagents/{agent}/logs",
    parameters: { agent: id },
    answer: answerList(line),
  });
  return lines.slice(-MOST_LINES);
}
