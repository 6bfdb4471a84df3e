/** What Coder hears of what runs in the pods. */
import type { Facts } from "../facts.ts";
import { list, record, text } from "../foreign.ts";
import { valueOf } from "../seen.ts";

const CONNECTED = "connected";

/** A workspace's agents, as Coder counts them; empty for other subjects and where Coder was not read. */
function agentStates(facts: Facts): readonly string[] {
  return list(record(valueOf(facts.build))["agents"]).map((agent) => text(record(agent)["status"]));
}

/** Some agent of the workspace is not connected, though it should be. */
export function agentsAreAway(facts: Facts): boolean {
  return agentStates(facts).some((status) => status !== CONNECTED && status !== "");
}
