import assert from "node:assert/strict";
import {
  agent,
  ago,
  assertQuiet,
  build,
  daemon,
  object,
  only,
  pending,
  quotes,
  seen,
  steps,
  UNREAD,
} from "./testing.ts";
import { workspaceBuildStuck as rule } from "./workspace_build_stuck.ts";

function starting(seconds: number, status = "starting", canceledAt?: string) {
  const job = { status: "running", startedAt: ago(seconds), completedAt: undefined, canceledAt };
  return build({ status, agents: [agent({ status: "connecting" })], job });
}

Deno.test("a build that runs for long says so, with the last line of its log", () => {
  const buildLog = [
    { at: ago(700), level: "info", stage: "Starting workspace", text: "kubernetes_pod.dev: Creating..." },
    {
      at: ago(300),
      level: "info",
      stage: "Starting workspace",
      text: "kubernetes_pod.dev: Still creating... [15m0s]",
    },
    { at: ago(300), level: "info", stage: "Starting workspace", text: "" },
  ];
  const found = only(rule, seen({ build: starting(1_200), buildLog }));
  assert.equal(
    found.cause,
    "Build 4 (start) runs for 20 minutes, since 2026-11-22T07:40:00Z; its log has been silent for 5 minutes.",
  );
  assert.equal(found.confidence, "likely");
  assert.deepEqual(quotes(found), [
    "log of build 4, Starting workspace, 2026-11-22T07:55:00Z: kubernetes_pod.dev: Still creating... [15m0s]",
    "build 4 (start) in Coder, 2026-11-22T07:40:00Z: starting",
  ]);
  assert.match(steps(found)[0] ?? "", /^Read the log of the build\./);
  assert.equal(steps(found)[2], "If that will not come, cancel the build on the workspace's page in Coder");
});

Deno.test("a cancellation that takes long says so", () => {
  const found = only(rule, seen({ build: starting(1_200, "canceling", ago(361)) }));
  const workspace = object({ accessURL: "https://coder.example/@ann/dev" });
  const [, , cancel] = steps(only(rule, seen({ workspace, build: starting(1_200, "canceling", ago(361)) })));
  assert.match(cancel ?? "", /page in Coder: https:\/\/coder\.example\/@ann\/dev$/);
  assert.equal(found.cause, "Build 4 (start) is being cancelled for 6 minutes, since 2026-11-22T07:53:59Z.");
});

Deno.test("a build that nobody takes, though somebody could, says who", () => {
  const found = only(rule, seen({ build: pending(200), daemons: [daemon(), daemon({ name: "b" })] }));
  assert.equal(
    found.cause,
    "Build 4 (start) waits since 2026-11-22T07:56:40Z although provisioners that may take it are idle: prov-1, b.",
  );
  assert.match(steps(found)[0] ?? "", /list_provisioner_jobs \{"namespace":"lab"\}$/);
});

Deno.test("where nobody can say who could take it, that nobody does is told after five minutes", () => {
  const facts = { ...seen({ build: pending(1_860) }), daemons: UNREAD };
  const found = only(rule, facts);
  assert.equal(
    found.cause,
    "No provisioner with the tags env=gpu has taken build 4 (start) for 31 minutes, since 2026-11-22T07:29:00Z; " +
      "which are connected could not be read.",
  );
  assert.deepEqual(quotes(found), [
    "build 4 (start) in Coder, 2026-11-22T07:29:00Z: pending, tags of its job: env=gpu",
  ]);
  const nobody = { ...pending(1_860), matched: { count: 1, available: 0 } };
  assert.deepEqual(rule.find({ ...facts, build: { state: "seen", value: nobody } }), []);
  assert.deepEqual(rule.find({ ...facts, build: { state: "seen", value: pending(200) } }), []);
});

Deno.test("a minute is one", () => {
  const buildLog = [{ at: ago(70), level: "info", stage: "", text: "Still" }];
  const found = only(rule, seen({ build: starting(1_200, "deleting"), buildLog }));
  assert.match(found.cause, /silent for 1 minute\.$/);
  assert.match(quotes(found)[0] ?? "", /^log of build 4, 2026-11-22T07:58:50Z: Still$/);
});

Deno.test("nothing is said of builds that have just begun, and of times that are none", () => {
  const latestBuild = { number: 4, transition: "start", createdAt: "yesterday" };
  assertQuiet(
    rule,
    seen({ build: starting(600) }),
    seen({ build: starting(1_200, "canceling", ago(200)) }),
    seen({ build: pending(100), daemons: [daemon()] }),
    seen({ build: pending(900), daemons: [] }),
    seen({ workspace: object({ latestBuildStatus: "starting", latestBuild }) }),
  );
});
