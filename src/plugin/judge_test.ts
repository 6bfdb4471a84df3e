import assert from "node:assert/strict";
import { firstBuild, judge, type Wanted } from "./judge.ts";
import { workspace } from "./testing.ts";

const verdict = (wanted: Wanted, more: Parameters<typeof workspace>[1], first = 1) =>
  judge(workspace("acme.alice.dev", more), wanted, first);

Deno.test("it is done when it is so, by a build that is not older than what was asked for", () => {
  const ready = { conditions: { Ready: true } };
  assert.deepEqual(verdict("running", ready), { is: "done" });
  assert.equal(verdict("running", ready, 2).is, "waiting", "a replica that has not heard yet");
  assert.deepEqual(verdict("stopped", { running: false }), { is: "done" });
  assert.equal(verdict("stopped", { running: false }, 2).is, "waiting");
});

Deno.test("it waits with the words of the condition that says for what", () => {
  const cases: [Wanted, Parameters<typeof workspace>[1], RegExp][] = [
    [
      "running",
      { conditions: { ChangePending: [true, "BuildActive", "for another build"] } },
      /another build/,
    ],
    [
      "running",
      { conditions: { Building: [true, "Starting", "is being started"], Ready: false } },
      /being started/,
    ],
    ["running", { conditions: { Ready: [false, "AgentsStarting", "main starts"] } }, /main starts/],
    ["stopped", {
      running: false,
      status: { latestBuildStatus: "stopping" },
      conditions: { Building: [true, "Stopping", "is being stopped"] },
    }, /being stopped/],
    ["running", { status: { latestBuildStatus: undefined } as never }, /no known state/],
  ];
  for (const [wanted, more, words] of cases) {
    const told = verdict(wanted, more);
    assert.equal(told.is, "waiting", String(words));
    assert.match("why" in told ? told.why : "", words);
  }
});

Deno.test("agents that are not well are told apart: that may pass", () => {
  const told = verdict("running", { conditions: { Ready: [false, "AgentsUnhealthy", "main (timeout)"] } });
  assert.deepEqual(told, { is: "unwell", why: "main (timeout)" });
});

Deno.test("it has failed where the build has, where Coder refused, and where somebody wants something else", () => {
  const failed = {
    latestBuildStatus: "failed",
    latestBuild: { number: 4, transition: "start", error: "no quota" },
  };
  const cases: [Wanted, Parameters<typeof workspace>[1], RegExp][] = [
    ["running", { running: false, status: failed }, /^build 4 \(start\) failed: no quota$/],
    ["stopped", {
      running: false,
      status: { latestBuildStatus: "canceled", latestBuild: { number: 2, transition: "stop" } },
    }, /^build 2 \(stop\) was cancelled$/],
    [
      "running",
      { running: false, conditions: { ChangePending: [false, "Refused", "no licence"] } },
      /no licence/,
    ],
    ["running", {
      running: false,
      status: { latestBuild: { number: 3, transition: "stop", initiatorName: "bob" } },
    }, /^bob .*stopped/],
    ["stopped", { running: true }, /^somebody .*running/],
  ];
  for (const [wanted, more, words] of cases) {
    const told = verdict(wanted, more);
    assert.equal(told.is, "failed", String(words));
    assert.match("why" in told ? told.why : "", words);
  }
  const deleted = workspace("acme.alice.dev");
  deleted.metadata.deletionTimestamp = "2026-01-01T00:00:00Z";
  assert.deepEqual(judge(deleted, "running", 1), { is: "failed", why: "it is being deleted" });
});

Deno.test("a refusal of something else does not hide that it runs", () => {
  const conditions = { Ready: true, ChangePending: [false, "Refused", "bad parameter"] as const };
  assert.deepEqual(verdict("running", { conditions }), { is: "done" });
});

Deno.test("what is kept leads to another build than the one that is shown", () => {
  assert.equal(firstBuild(workspace("a.b.c")), 1);
  assert.equal(firstBuild(workspace("a.b.c", { conditions: { ChangePending: true } })), 2);
  assert.equal(firstBuild(workspace("a.b.c", { conditions: { ChangePending: false } })), 1);
  assert.equal(firstBuild(workspace("a.b.c", { status: { latestBuild: undefined } as never })), 0);
});
