import assert from "node:assert/strict";
import { toolRig } from "../testing.ts";
import { getWorkspaceBuildLog } from "./workspace_log.ts";
import { FakeCluster, workspaceOf } from "./workspace_testing.ts";

const DEV = { namespace: "lab", name: "acme.ann.dev" };

Deno.test("the newest lines of a build's log are told, folded, between fences", async () => {
  const cluster = new FakeCluster(workspaceOf("acme.ann.dev"));
  cluster.log = "==> Plan\nwait\nwait\n[error] no quota\n";
  const { output, text } = await toolRig({ cluster }).run(getWorkspaceBuildLog, {
    ...DEV,
    build: 3,
    sinceSeconds: 60,
  });
  assert.deepEqual(output, { name: "acme.ann.dev", log: "==> Plan\nwait (×2)\n[error] no quota" });
  assert.match(
    text,
    /^Untrusted data, build log of the workspace acme\.ann\.dev, .*\n<<<(\S+)\n==> Plan[^]*\n\1>>>$/,
  );
  assert.ok(cluster.calls.includes('log lab/acme.ann.dev {"build":3,"sinceSeconds":60}'));
});

Deno.test("what is left out is said, with how to get it", async () => {
  const cluster = new FakeCluster(workspaceOf("acme.ann.dev"));
  cluster.log = Array.from({ length: 300 }, (_, index) => `line ${index}`).join("\n");
  const rig = toolRig({ cluster });
  const read = async (more: object) => (await rig.run(getWorkspaceBuildLog, { ...DEV, ...more })).output;
  const standard = await read({});
  assert.deepEqual([String(standard["log"]).split("\n").length, standard["truncated"]], [100, true]);
  assert.deepEqual(standard["warnings"], [
    "Older lines are left out (300 in all): use grep, or more tailLines and limitBytes.",
  ]);
  assert.deepEqual(
    (await read({ grep: "line 29|line 7", newestFirst: true, tailLines: 2 }))["log"],
    "line 299\nline 298",
  );
  assert.equal((await read({ tailLines: 1_000 }))["truncated"], undefined);
  assert.equal((await read({ limitBytes: 20 }))["log"], "line 298\nline 299");
  assert.deepEqual((await read({ grep: "nowhere" }))["warnings"], ["No line has this text."]);
  cluster.isLogCut = true;
  assert.equal((await read({ tailLines: 1_000 }))["truncated"], true);
  cluster.log = "";
  cluster.isLogCut = false;
  assert.deepEqual((await read({}))["warnings"], ["Nothing was written yet."]);
});

Deno.test("no log of what is not there", async () => {
  const error = await toolRig({ cluster: new FakeCluster() }).refuses(getWorkspaceBuildLog, DEV);
  assert.equal(error.code, "not_found");
});
