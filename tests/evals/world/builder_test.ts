import assert from "node:assert/strict";
import { waitFor } from "../../cluster/mod.ts";
import { addTemplate, addVersion, addWorkspace, beginBuild } from "../../fake-coder/mod.ts";
import { FakeState } from "../../fake-coder/state.ts";
import { isAtRest, startBuilder, turn } from "./builder.ts";

function waiting() {
  const state = new FakeState();
  const template = addTemplate(state, "docker");
  addVersion(state, template, new Uint8Array());
  const workspace = addWorkspace(state, state.addUser({ username: "ann" }), "dev");
  beginBuild(state, workspace, "stop");
  const version = state.templateVersions[0]!;
  version["job"] = { ...version["job"] as object, status: "pending" };
  state.dryRuns.push({ id: "d", status: "pending" });
  const status = () => (workspace.latest_build as { status: string }).status;
  return { state, status, version };
}

Deno.test("what waits is taken in one turn, and ended well in the next", () => {
  const { state, status, version } = waiting();
  assert.equal(isAtRest(state), false);
  turn(state);
  assert.deepEqual([status(), (version["job"] as { status: string }).status], ["stopping", "running"]);
  assert.equal(isAtRest(state), false);
  turn(state);
  assert.deepEqual([status(), (version["job"] as { status: string }).status], ["stopped", "succeeded"]);
  assert.equal(state.dryRuns[0]?.["status"], "succeeded");
  assert.equal(isAtRest(state), true);
});

// A timer that is left behind fails a test.
Deno.test("a builder builds until it is stopped", async () => {
  const { state, status } = waiting();
  using _builder = startBuilder(state);
  await waitFor(() => status() === "stopped", { what: "the build to end", intervalMs: 5 });
  assert.equal(isAtRest(state), true);
});
