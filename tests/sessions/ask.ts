/** Calls of tools that have to go well, or not. */
import assert from "node:assert/strict";
import type { ConnectedClient } from "../mcp/clients.ts";

export type Answer = Record<string, unknown>;

/** What the tool answers. Fails where that is a failure. */
export async function ask(client: ConnectedClient, tool: string, args: Answer = {}): Promise<Answer> {
  const answer = await client.call(tool, args);
  assert.equal(answer.isError, false, `${tool}: ${answer.text}`);
  return answer.structured ?? {};
}

/** What it refuses with. Fails where it does not. */
export async function refuses(client: ConnectedClient, tool: string, args: Answer = {}): Promise<string> {
  const answer = await client.call(tool, args);
  assert.equal(answer.isError, true, `${tool} did not refuse: ${answer.text}`);
  return answer.text;
}
