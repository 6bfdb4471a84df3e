import assert from "node:assert/strict";
import { agentLost as rule } from "./agent_lost.ts";
import { agent, ago, assertQuiet, build, only, quotes, seen, steps } from "./testing.ts";

const LOST = agent({
  status: "disconnected",
  health: { healthy: false, reason: "agent has lost connection" },
  disconnectedAt: ago(75),
  lastConnectedAt: ago(80),
});

Deno.test("an agent that is gone is named, with since when", () => {
  const found = only(rule, seen({ build: build({ agents: [LOST] }), pods: [] }));
  assert.equal(
    found.cause,
    "The workspace runs, but its agent main is disconnected since 2026-11-22T07:58:45Z.",
  );
  assert.deepEqual(quotes(found), [
    "agent main of build 4 in Coder, 2026-11-22T07:58:45Z: disconnected, lifecycle ready; " +
    "first connected 2026-11-22T07:50:10Z; last connected 2026-11-22T07:58:40Z; agent has lost connection",
  ]);
  assert.match(steps(found)[0] ?? "", /list_workspace_pods \{"namespace":"lab","name":"acme.ann.dev"\}$/);
  assert.equal(
    steps(found)[1],
    "Restart the workspace if the agent does not come back. | coder restart ann/dev --yes | " +
      'restart_workspace {"namespace":"lab","name":"acme.ann.dev"}',
  );
});

Deno.test("several agents are one cause, with the time that is known", () => {
  const agents = [{ ...LOST, disconnectedAt: undefined }, { ...LOST, name: "gpu" }];
  assert.equal(
    only(rule, seen({ build: build({ agents }) })).cause,
    "The workspace runs, but its agents main, gpu are disconnected since 2026-11-22T07:58:40Z.",
  );
});

Deno.test("nothing is said of workspaces that are stopped", () => {
  assertQuiet(rule, seen({ build: build({ agents: [LOST], status: "stopped", transition: "stop" }) }));
});
