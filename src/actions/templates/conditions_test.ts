import assert from "node:assert/strict";
import { conditionOf } from "./conditions.ts";
import { AT, record } from "./testing.ts";

Deno.test("a condition says what is under way, or why it failed, with the log's end", () => {
  assert.equal(conditionOf(undefined), undefined);
  const building = conditionOf(record());
  assert.deepEqual([building?.status, building?.reason, building?.lastTransitionTime], [
    "Unknown",
    "Building",
    AT,
  ]);
  const failure = {
    reason: "BuildFailed",
    message: "It failed.",
    log: ["one", "two"],
    at: "2026-01-02T00:00:00Z",
  } as const;
  const failed = conditionOf(record({ failure: { ...failure, log: [...failure.log] } }));
  assert.deepEqual([failed?.status, failed?.reason], ["False", "BuildFailed"]);
  assert.equal(failed?.message, "It failed. Its log ends with:\none\ntwo");
  assert.equal(failed?.summary, "It failed.");
  const long = conditionOf(record({ failure: { ...failure, log: ["x".repeat(10_000)] } }));
  assert.equal(long?.message.length, 4_096);
});
