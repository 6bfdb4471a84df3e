import assert from "node:assert/strict";
import { provisionersAllBusy as rule } from "./provisioners_all_busy.ts";
import { ago, assertQuiet, daemon, only, pending, quotes, seen, steps } from "./testing.ts";

Deno.test("a build that waits for its turn says which it is", () => {
  const daemons = ["a", "b"].map((name) => daemon({ name, status: "busy" }));
  const build = pending(90, { queuePosition: 2, queueSize: 3 });
  const found = only(rule, seen({ build, daemons }));
  assert.equal(
    found.cause,
    "All 2 provisioners that may take the build are busy (it asks for the tags env=gpu); the build is number 2 of 3 " +
      "in the queue. It waits since 2026-11-22T07:58:30Z.",
  );
  assert.deepEqual(quotes(found), [
    "build 4 (start) in Coder, 2026-11-22T07:58:30Z: pending, queue position 2 of 3, tags: env=gpu",
    "provisioner daemons of acme in Coder, 2026-11-22T08:00:00Z: busy: a, b",
  ]);
  assert.equal(
    steps(found)[0],
    "See what the provisioners work on. | kubectl -n lab get coderprovisioners -o wide | " +
      'list_provisioner_jobs {"namespace":"lab","status":["pending","running"]}',
  );
});

Deno.test("what they work on is told by the oldest", () => {
  const job = (workerName: string, seconds: number, status = "running") => ({
    id: workerName,
    type: "workspace_build",
    status,
    createdAt: ago(seconds),
    tags: {},
    queuePosition: 0,
    workerName,
    availableWorkers: 0,
    error: "",
  });
  const jobs = [job("a", 100), job("b", 400), job("other", 900), job("", 950, "pending")];
  const daemons = ["a", "b"].map((name) => daemon({ name, status: "busy" }));
  assert.equal(
    quotes(only(rule, seen({ build: pending(90), daemons, jobs })))[2],
    "provisioner jobs of acme in Coder, 2026-11-22T07:53:20Z: " +
      "2 at work; the oldest is a workspace_build on b, asked for then",
  );
});

Deno.test("one provisioner is told as one, and of many some are named", () => {
  const one = only(rule, seen({ build: pending(90), daemons: [daemon({ status: "busy" })] }));
  assert.equal(
    one.cause,
    "The only provisioner that may take the build is busy (it asks for the tags env=gpu). " +
      "It waits since 2026-11-22T07:58:30Z.",
  );
  const many = Array.from({ length: 8 }, (_, index) => daemon({ name: `p${index}`, status: "busy" }));
  assert.match(quotes(only(rule, seen({ build: pending(90), daemons: many })))[1] ?? "", /p5 and 2 more$/);
});

Deno.test("nothing is said of short waits, of idle provisioners, and of none", () => {
  const busy = daemon({ status: "busy" });
  assertQuiet(
    rule,
    seen({ build: pending(8), daemons: [busy] }),
    seen({ build: pending(90), daemons: [busy, daemon()] }),
    seen({ build: pending(90), daemons: [] }),
    seen({ build: pending(90) }),
  );
});
