import assert from "node:assert/strict";
import { buildCanceled as rule } from "./build_canceled.ts";
import { ago, assertQuiet, build, failed, object, only, quotes, seen, steps } from "./testing.ts";

Deno.test("a build that was cancelled while it waited says when, and whose it was", () => {
  const waiting = build({ status: "canceled", agents: [], job: { status: "canceled", canceledAt: ago(30) } });
  const found = only(rule, seen({ build: waiting }));
  assert.equal(found.cause, "Build 4 (start), which ann asked for, was cancelled at 2026-11-22T07:59:30Z.");
  assert.deepEqual(quotes(found), [
    "build 4 (start) in Coder, 2026-11-22T07:59:30Z: cancelled",
    "build 4 (start) in Coder, 2026-11-22T07:49:40Z: asked for by ann (initiator)",
  ]);
  assert.deepEqual(steps(found), [
    "Start it again. | coder start ann/dev --yes | " +
    'set_workspace_running {"namespace":"lab","name":"acme.ann.dev","running":true}',
  ]);
});

Deno.test("Coder calls a build that was cancelled while it ran failed", () => {
  const stopped = failed("terraform apply: exit status 1", { canceledAt: ago(31) });
  const found = only(rule, seen({ build: { ...stopped, transition: "stop", initiator: "" } }));
  assert.equal(found.cause, "Build 4 (stop) was cancelled at 2026-11-22T07:59:29Z.");
  assert.deepEqual(quotes(found), [
    "build 4 (stop) in Coder, 2026-11-22T07:59:29Z: cancelled: terraform apply: exit status 1",
    "build 4 (stop) in Coder, 2026-11-22T07:49:40Z: asked for by nobody known (initiator)",
  ]);
  assert.match(steps(found)[0] ?? "", /^Build it again\. \| coder stop ann\/dev --yes/);
});

Deno.test("without Coder's record, the aggregated object tells", () => {
  const workspace = object({
    latestBuildStatus: "canceled",
    latestBuild: { number: 2, transition: "start" },
  });
  assert.equal(only(rule, seen({ workspace })).cause, "Build 2 (start) was cancelled.");
});

Deno.test("nothing is said of builds that failed by themselves", () => {
  assertQuiet(rule, seen({ build: failed("terraform apply: exit status 1") }));
});
