import assert from "node:assert/strict";
import { toolRig } from "../testing.ts";
import { waitTool } from "./workspace_wait.ts";
import { apiError, FakeCluster, workspaceOf } from "./workspace_testing.ts";

const wait = waitTool(5);
const DEV = { namespace: "lab", name: "acme.ann.dev" };
const inState = (
  latestBuildStatus: string,
  conditions: Record<string, string> = {},
  latestBuildID = "build-1",
) =>
  workspaceOf("acme.ann.dev", {
    status: {
      latestBuildStatus,
      latestBuildID,
      conditions: Object.entries(conditions).map(([type, status]) => ({
        type,
        status,
        reason: "Because",
        message: type,
        lastTransitionTime: "2026-11-22T04:00:00Z",
      })),
    },
  });

Deno.test("each state is known where it is reached already", async () => {
  const cases = [
    ["running", inState("running")],
    ["ready", inState("running", { Ready: "True" })],
    ["stopped", inState("stopped")],
    ["failed", inState("canceled")],
    ["failed", inState("failed")],
  ] as const;
  for (const [state, workspace] of cases) {
    const { output } = await toolRig({ cluster: new FakeCluster(workspace) }).run(wait, { ...DEV, state });
    assert.deepEqual([output["reached"], output["waitedSeconds"]], [true, 0], state);
  }
});

Deno.test("it waits, tells how far it is, and ends when it is reached", async () => {
  const cluster = new FakeCluster(inState("starting"));
  cluster.trouble = (call, times) => {
    if (call === "get lab/acme.ann.dev" && times === 3) cluster.put(inState("running"));
    return undefined;
  };
  const rig = toolRig({ cluster });
  const { output } = await rig.run(wait, { ...DEV, state: "running" });
  assert.equal(output["reached"], true);
  assert.deepEqual(rig.progress, ["starting", "starting"]);
});

Deno.test("a stop after which something is still to be done is no end", async () => {
  const cluster = new FakeCluster(inState("stopped", { Reconciling: "True" }));
  const { output } = await toolRig({ cluster }).run(wait, { ...DEV, state: "stopped", timeoutSeconds: 0 });
  assert.deepEqual([output["reached"], (output["workspace"] as { state: string }).state], [false, "stopped"]);
});

Deno.test("what goes away is deleted, and for any other state not found", async () => {
  const rig = (more = {}) => {
    const cluster = new FakeCluster(inState("deleting"));
    cluster.trouble = (_call, times) =>
      times < 3 ? undefined : void cluster.put(workspaceOf("acme.ann.dev", { metadata: { uid: "another" } }));
    return toolRig({ cluster, ...more });
  };
  const { output } = await rig().run(wait, { ...DEV, state: "deleted" });
  assert.deepEqual(output, { reached: true, waitedSeconds: 0 });
  const gone = await rig().refuses(wait, { ...DEV, state: "running" });
  assert.match(gone.message, /^wait for CoderWorkspace lab\/acme\.ann\.dev: it is not there/);
  assert.equal(
    (await toolRig({ cluster: new FakeCluster() }).run(wait, { ...DEV, state: "deleted" })).output["reached"],
    true,
  );
});

Deno.test("a build that failed is waited on for some seconds, for another one may follow", async () => {
  const clock = { now: 0 };
  const cluster = new FakeCluster(inState("failed"));
  cluster.trouble = () => void (clock.now += 1_000);
  const rig = toolRig({ cluster });
  const real = Date.now;
  Date.now = () => clock.now;
  try {
    const { output } = await rig.run(wait, { ...DEV, state: "running" });
    assert.equal(output["reached"], false);
    assert.match(String(output["warnings"]), /waiting does not help/);
    assert.ok(Number(output["waitedSeconds"]) < 15);
  } finally {
    Date.now = real;
  }
});

Deno.test("at the call's deadline it tells where it is; a client that left is told nothing", async () => {
  const cluster = new FakeCluster(inState("starting"));
  const late = AbortSignal.timeout(40);
  const { output } = await toolRig({ cluster, signal: late }).run(wait, { ...DEV, state: "running" });
  assert.deepEqual([output["reached"], (output["workspace"] as { state: string }).state], [
    false,
    "starting",
  ]);
  const gone = new AbortController();
  const other = new FakeCluster(inState("starting"));
  other.trouble = (_call, times) => times === 2 ? void gone.abort(new Error("closed")) : undefined;
  const run = toolRig({ cluster: other, signal: gone.signal }).run(wait, { ...DEV, state: "running" });
  await assert.rejects(run);
});

Deno.test("what was seen last stands while nobody can say; at first, the failure is told", async () => {
  const cluster = new FakeCluster(inState("starting"));
  cluster.trouble = (call, times) => {
    if (call !== "get lab/acme.ann.dev") return undefined;
    if (times === 4) cluster.put(inState("running"));
    return times > 1 && times < 4 ? apiError(503, "ServiceUnavailable", "away") : undefined;
  };
  assert.equal((await toolRig({ cluster }).run(wait, { ...DEV, state: "running" })).output["reached"], true);
  cluster.trouble = () => apiError(503, "ServiceUnavailable", "away");
  assert.equal((await toolRig({ cluster }).refuses(wait, { ...DEV, state: "ready" })).code, "unavailable");
});
