import assert from "node:assert/strict";
import { ago, assertQuiet, build, object, only, quotes, seen, steps } from "./testing.ts";
import { workspaceDormant as rule } from "./workspace_dormant.ts";

Deno.test("a dormant workspace says since when, until when, and how to wake it", () => {
  const workspace = { dormantAt: ago(7_200), deletingAt: ago(-86_400), lastUsedAt: ago(900_000) };
  const found = only(rule, seen({ build: build({ status: "stopped", transition: "stop", workspace }) }));
  assert.equal(
    found.cause,
    "The workspace is dormant since 2026-11-22T06:00:00Z, and Coder deletes it at 2026-11-23T08:00:00Z.",
  );
  assert.deepEqual(quotes(found), [
    "workspace ann/dev in Coder, 2026-11-22T06:00:00Z: dormant; last used 2026-11-11T22:00:00Z; " +
    "deleted at 2026-11-23T08:00:00Z",
  ]);
  assert.deepEqual(steps(found), [
    "Start it before then: that wakes it. | coder start ann/dev --yes | " +
    'set_workspace_running {"namespace":"lab","name":"acme.ann.dev","running":true}',
  ]);
});

Deno.test("the aggregated object tells it as well", () => {
  const found = only(rule, seen({ workspace: object({ latestBuildStatus: "stopped", dormantAt: ago(60) }) }));
  assert.equal(found.cause, "The workspace is dormant since 2026-11-22T07:59:00Z.");
  assert.match(steps(found)[0] ?? "", /^Start it: that wakes it\./);
});

Deno.test("nothing is said of workspaces that are only stopped", () => {
  assertQuiet(rule, seen({ build: build({ status: "stopped", transition: "stop", reason: "autostop" }) }));
});
