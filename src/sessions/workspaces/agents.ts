/** The agents of a workspace. Pure. */
import type { Workspace, WorkspaceAgent } from "../../coder/mod.ts";
import { SessionError } from "../types.ts";
import { nameOf } from "./state.ts";

/** All of them, those of dev containers included. */
export function agentsOf({ latest_build: { resources } }: Pick<Workspace, "latest_build">): WorkspaceAgent[] {
  return resources.flatMap(({ agents }) => agents);
}

/**
 * The one that is named; else the only one that is no dev container's.
 * @param name empty: none is named
 * @throws {SessionError} `not_found`, `invalid` where it is not clear which
 */
export function chooseAgent(workspace: Workspace, name: string): WorkspaceAgent {
  const agents = agentsOf(workspace);
  const which = nameOf(workspace);
  const names = agents.map((agent) => agent.name).sort().join(", ");
  if (agents.length === 0) {
    throw new SessionError("not_found", `workspace ${which} has no agent, and nothing can be run in it`);
  }
  const named = agents.filter((agent) => name === "" ? !isSubAgent(agent) : agent.name === name);
  const [first, second] = named;
  if (first !== undefined && second === undefined) return first;
  if (first === undefined) {
    throw new SessionError(
      "not_found",
      `workspace ${which} has no agent ${JSON.stringify(name)}: it has ${names}`,
    );
  }
  throw new SessionError(
    "invalid",
    name === ""
      ? `workspace ${which} has several agents: name one of ${names}, as in ${which}.${first.name}`
      : `workspace ${which} has several agents that are called ${name}: give them names of their own`,
  );
}

function isSubAgent({ parent_id: parent }: WorkspaceAgent): boolean {
  return parent !== null && parent !== undefined;
}

export type AgentState =
  | { readonly is: "ready"; readonly warning: string }
  /** It is to be waited for. `step` is for people, such as `the startup script runs`. */
  | { readonly is: "coming"; readonly step: string }
  /** It is connected, and its startup script runs. */
  | { readonly is: "setting up"; readonly step: string }
  /** It was there, and is away now. */
  | { readonly is: "away"; readonly why: string };

/** Whether an agent can be worked with. */
export function agentState({ name, status, lifecycle_state: lifecycle }: WorkspaceAgent): AgentState {
  if (status === "connecting") return { is: "coming", step: `agent ${name} connects` };
  if (status !== "connected") {
    return {
      is: "away",
      why: status === "timeout" ? "has not connected in the time that it had" : `is ${status || "away"}`,
    };
  }
  switch (lifecycle) {
    case "created":
    case "starting":
      return { is: "setting up", step: `the startup script of agent ${name} runs` };
    case "start_error":
      return ready(`the startup script of agent ${name} failed: tools or files may be missing`);
    case "start_timeout":
      return ready(
        `the startup script of agent ${name} is not done in the time that it had: tools or files may be missing`,
      );
    case "shutting_down":
    case "shutdown_error":
    case "shutdown_timeout":
    case "off":
      return { is: "away", why: "is shutting down" };
    default:
      return ready("");
  }
}

function ready(warning: string): AgentState {
  return { is: "ready", warning };
}
