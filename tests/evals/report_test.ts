import assert from "node:assert/strict";
import { reportOf, reportText, type TaskResult } from "./report.ts";

const result = (task: string, more: Partial<TaskResult> = {}): TaskResult => ({
  task,
  kind: "reading",
  era: "sessionless",
  success: true,
  problems: [],
  answer: "yes",
  figures: {
    calls: 2,
    requests: 4,
    bytes: { in: 100, out: 900 },
    tokens: { in: 50, out: 10, listing: 5_000 },
    serverMs: 20,
    names: ["a", "b"],
  },
  ms: 30.4,
  most: { calls: 2, bytes: 1_100 },
  isOver: false,
  ...more,
});

Deno.test("a report has each task, each kind, and all of them", () => {
  const report = reportOf("mine --fast", [
    result("one"),
    result("two", { kind: "changing", success: false, problems: ["nothing was done"] }),
    result("three", { isOver: true }),
  ]);
  assert.deepEqual(report.totals, {
    tasks: 3,
    succeeded: 2,
    over: 1,
    calls: 6,
    bytes: { in: 300, out: 2_700 },
    tokens: { in: 150, out: 30 },
    ms: 91.19999999999999,
  });
  assert.deepEqual(Object.keys(report.byKind), ["reading", "changing"]);
  assert.equal(report.listingTokens, 5_000);
  assert.deepEqual(JSON.parse(JSON.stringify(report)).results.length, 3);
});

Deno.test("as text it is a table with what went wrong below", () => {
  const text = reportText(reportOf("mine", [
    result("one"),
    result("two", { success: false, problems: ["nothing was done"], era: "sessions" }),
    result("three", { isOver: true }),
  ]));
  const lines = text.split("\n");
  assert.equal(lines[0], "client: mine");
  assert.match(lines[1]!, /^task +era +calls +bytes in +bytes out +tokens in +tokens out +ms$/);
  assert.match(lines[2]!, /^one +sessionless +ok +2 +100 +900 +50 +10 +30$/);
  assert.match(lines[3]!, /^two +sessions +FAILED +2 /);
  assert.match(lines[4]!, /^three +sessionless +over +2 /);
  assert.match(lines[5]!, /^reading +2\/3 +6 /);
  assert.match(lines[6]!, /^all +2\/3 +6 /);
  assert.match(
    text,
    /\nThe tools themselves are 5000 tokens, once for each conversation\.\n\ntwo \(sessions\): nothing was done$/,
  );
});

Deno.test("a report of nothing is one", () => {
  assert.match(reportText(reportOf("none", [])), /^all +0\/0 +0 /m);
});
