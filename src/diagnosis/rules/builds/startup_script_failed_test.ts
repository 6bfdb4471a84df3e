import assert from "node:assert/strict";
import { startupScriptFailed as rule } from "./startup_script_failed.ts";
import { agent, ago, assertQuiet, build, only, quotes, seen, steps, UNREAD } from "./testing.ts";

const FAILED = agent({ lifecycle: "start_error", startedAt: ago(590) });
const LOG = ["Cloning dotfiles", "git: command not found", "Startup script exited 127", "Other work goes on"]
  .map(
    (text) => ({ at: ago(580), level: "info", stage: "main", text }),
  );

Deno.test("a script that failed is told with the lines that tell", () => {
  const found = only(rule, seen({ build: build({ agents: [FAILED] }), agentLog: LOG }));
  assert.equal(found.cause, "The start scripts of agent main failed; the agent itself is connected.");
  assert.deepEqual(quotes(found), [
    "log of agent main, 2026-11-22T07:50:20Z: git: command not found / Startup script exited 127",
    "agent main of build 4 in Coder, 2026-11-22T07:50:10Z: connected, lifecycle start_error; " +
    "first connected 2026-11-22T07:50:10Z; last connected 2026-11-22T07:59:55Z",
  ]);
  assert.deepEqual(steps(found).slice(0, 2), [
    'Read the agent\'s log. | coder logs ann/dev | get_workspace_agents {"namespace":"lab","name":"acme.ann.dev"}',
    "Correct the script in the template docker. | coder templates pull docker ./docker",
  ]);
});

Deno.test("a script that takes too long is told by its last words, where no line tells", () => {
  const agents = [agent({ lifecycle: "start_timeout" })];
  const agentLog = [{ level: "info", stage: "main", text: "Waiting for the database" }, {
    level: "info",
    stage: "other",
    text: "an error of somebody else",
  }];
  const found = only(rule, seen({ build: build({ agents }), agentLog }));
  assert.equal(
    found.cause,
    "The start scripts of agent main run longer than they may; the agent itself is connected.",
  );
  assert.equal(quotes(found)[0], "log of agent main: Waiting for the database");
});

Deno.test("an unread log is no reason to be silent", () => {
  const found = only(rule, { ...seen({ build: build({ agents: [FAILED] }) }), agentLog: UNREAD });
  assert.equal(found.evidence.length, 1);
});

Deno.test("nothing is said of agents that are not connected", () => {
  assertQuiet(rule, seen({ build: build({ agents: [{ ...FAILED, status: "disconnected" }] }) }));
});
