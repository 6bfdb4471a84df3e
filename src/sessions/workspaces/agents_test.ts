import assert from "node:assert/strict";
import type { WorkspaceAgent } from "../../coder/mod.ts";
import { agent, build, uuid, workspace } from "../../inventory/testing/records.ts";
import { SessionError } from "../types.ts";
import { agentState, chooseAgent } from "./agents.ts";

const withAgents = (...agents: readonly Partial<WorkspaceAgent>[]) =>
  workspace({
    latest_build: build({
      resources: agents.map((one, index) => ({ agents: [agent({ id: uuid(50 + index), ...one })] })),
    }),
  });
const chosen = (name: string, ...agents: readonly Partial<WorkspaceAgent>[]) =>
  chooseAgent(withAgents(...agents), name).name;
const refusal = (name: string, ...agents: readonly Partial<WorkspaceAgent>[]) => {
  try {
    chosen(name, ...agents);
  } catch (error) {
    if (error instanceof SessionError) return [error.code, error.message];
    throw error;
  }
  throw new Error("one was chosen");
};

Deno.test("the only agent needs no name, also beside those of dev containers, which have one", () => {
  assert.equal(chosen("", { name: "main" }), "main");
  const container = { name: "web", parent_id: uuid(50) };
  assert.equal(chosen("", { name: "main" }, container), "main");
  assert.equal(chosen("web", { name: "main" }, container), "web");
});

Deno.test("of several one must be named", () => {
  const two = [{ name: "main" }, { name: "gpu" }];
  assert.equal(chosen("gpu", ...two), "gpu");
  assert.deepEqual(refusal("", ...two), [
    "invalid",
    "workspace alice/dev has several agents: name one of gpu, main, as in alice/dev.main",
  ]);
  assert.deepEqual(refusal("cpu", ...two), [
    "not_found",
    'workspace alice/dev has no agent "cpu": it has gpu, main',
  ]);
  assert.match(
    refusal("main", { name: "main" }, { name: "main" })[1]!,
    /several agents that are called main/,
  );
});

Deno.test("a workspace without agents runs nothing", () => {
  assert.deepEqual(refusal(""), [
    "not_found",
    "workspace alice/dev has no agent, and nothing can be run in it",
  ]);
});

Deno.test("an agent is waited for until it is connected and its startup script is done", () => {
  const state = (status: string, lifecycle: string) =>
    agentState(agent({ status, lifecycle_state: lifecycle }));
  assert.deepEqual(state("connected", "ready"), { is: "ready", warning: "" });
  // Agents of old have none.
  assert.deepEqual(state("connected", ""), { is: "ready", warning: "" });
  assert.equal(state("connecting", "created").is, "coming");
  for (const lifecycle of ["created", "starting"]) {
    assert.equal(state("connected", lifecycle).is, "setting up");
  }
});

Deno.test("a startup script that failed is no reason to refuse, and is told", () => {
  for (
    const [lifecycle, words] of [["start_error", /failed/], [
      "start_timeout",
      /not done in the time/,
    ]] as const
  ) {
    const found = agentState(agent({ lifecycle_state: lifecycle }));
    assert.equal(found.is, "ready");
    assert.match(found.is === "ready" ? found.warning : "", words);
  }
});

Deno.test("an agent that is away, or about to go, is not worked with", () => {
  const why = (status: string, lifecycle = "ready") => {
    const found = agentState(agent({ status, lifecycle_state: lifecycle }));
    return found.is === "away" ? found.why : found.is;
  };
  assert.equal(why("disconnected"), "is disconnected");
  assert.equal(why("timeout"), "has not connected in the time that it had");
  assert.equal(why(""), "is away");
  for (const lifecycle of ["shutting_down", "shutdown_error", "shutdown_timeout", "off"]) {
    assert.equal(why("connected", lifecycle), "is shutting down");
  }
});
