import assert from "node:assert/strict";
import { ago, assertQuiet, failed, only, quotes, seen, steps, UNREAD } from "./testing.ts";
import { workspaceOverQuota as rule } from "./workspace_over_quota.ts";

const LOG = [
  "Build cost       —   10",
  "Budget           —   15",
  "Credits consumed —   12",
  "This build would exceed your quota. Failing.",
].map((text) => ({ at: ago(31), level: "info", stage: "Commit quota", text }));

Deno.test("Coder's sums are quoted, and those of its API", () => {
  const found = only(
    rule,
    seen({ build: failed("insufficient quota"), buildLog: LOG, quota: { consumed: 12, budget: 15 } }),
  );
  assert.equal(
    found.cause,
    "Build 4 (start) would exceed the quota that ann has in the organization acme (12 of 15 credits are used).",
  );
  assert.deepEqual(quotes(found), [
    "build 4 (start) in Coder, 2026-11-22T07:59:30Z: insufficient quota",
    "log of build 4, Commit quota, 2026-11-22T07:59:29Z: Build cost       —   10; Budget           —   15; " +
    "Credits consumed —   12; This build would exceed your quota. Failing.",
    "quota of ann in Coder, 2026-11-22T08:00:00Z: credits consumed 12, budget 15",
  ]);
  assert.equal(
    steps(found)[0],
    "Stop or delete workspaces of the owner that are not needed. | coder list --search owner:ann | " +
      'list_workspaces {"namespace":"lab","owner":"ann"}',
  );
});

Deno.test("the error, its code or the log is enough", () => {
  const builds = [
    seen({ build: failed("insufficient quota") }),
    seen({ build: failed("", { errorCode: "INSUFFICIENT_QUOTA" }) }),
    seen({ build: failed("it did not work"), buildLog: LOG.slice(-1) }),
  ];
  for (const facts of builds) {
    const { cause } = only(rule, { ...facts, quota: UNREAD });
    assert.equal(cause, "Build 4 (start) would exceed the quota that ann has in the organization acme.");
  }
  const unlimited = seen({ build: failed("insufficient quota"), quota: { consumed: 12, budget: -1 } });
  assert.match(only(rule, unlimited).cause, /\(12 of unlimited credits are used\)\.$/);
});

Deno.test("nothing is said of quotas of Kubernetes", () => {
  assertQuiet(rule, seen({ build: failed("terraform apply: pods is forbidden: exceeded quota: compute") }));
});
