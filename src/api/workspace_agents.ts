/** What runs inside a workspace: agents and their apps, as a status shows them. */
import { z } from "zod";
import { flag, group, optional, text, time } from "./field.ts";

const app = group("A web application or a link of the workspace.", {
  slug: text("Name of the app, unique in its agent."),
  displayName: optional(text("Name for people.")),
  url: optional(text("Where it is opened. Absent where Coder has no address for it.")),
  health: optional(
    text("What Coder's check says: disabled (there is none), initializing, healthy or unhealthy."),
  ),
  external: optional(flag("Whether it is a link to somewhere outside the workspace.")),
  hidden: optional(flag("Whether Coder's web pages leave it out.")),
});

const agent = group("An agent: the connection of Coder to a machine or container of the workspace.", {
  id: text("UUID of the agent. Another one after every start."),
  name: text("Name of the agent, unique in the workspace."),
  status: optional(text("Its connection: connecting, connected, disconnected or timeout.")),
  lifecycleState: optional(text(
    "How far its start is: created, starting, start_timeout, start_error, ready, shutting_down, shutdown_timeout, shutdown_error or off.",
  )),
  healthy: flag("Whether Coder calls it healthy."),
  reason: optional(text("Why it is not healthy.")),
  operatingSystem: optional(text("Such as linux.")),
  architecture: optional(text("Such as amd64.")),
  directory: optional(text("Directory in which terminals open.")),
  version: optional(text("Version of the agent program.")),
  parentID: optional(text("UUID of the agent that it belongs to, for those of dev containers.")),
  readyAt: optional(time("When its start scripts were done.")),
  apps: optional(
    z.array(app).meta({
      description: "Web applications and links.",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["slug"],
    }),
  ),
});

/** `agents` */
export function agents() {
  return optional(
    z.array(agent).meta({
      description: "Agents of the latest build. Absent while the workspace is stopped.",
      "x-kubernetes-list-type": "atomic",
    }),
  );
}

/** `health` */
export function health() {
  return optional(group("Whether the agents are well. Absent while the workspace is stopped.", {
    healthy: flag("Whether all agents are well, by Coder's own judgement."),
    failingAgents: optional(z.array(z.string()).meta({ description: "Names of the agents that are not." })),
  }));
}

export type AgentStatus = z.output<typeof agent>;
export type AppStatus = z.output<typeof app>;
