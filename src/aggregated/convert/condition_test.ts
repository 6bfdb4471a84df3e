import assert from "node:assert/strict";
import { condition, cut } from "./condition.ts";

Deno.test("an aspect becomes a condition", () => {
  const aspect = { reason: "Idle", message: "m", since: "2026-01-01T00:00:00Z" };
  const word = (status: boolean | "unknown") => condition("Ready", { ...aspect, status });
  assert.deepEqual(word(true), {
    type: "Ready",
    status: "True",
    reason: "Idle",
    message: "m",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  });
  assert.deepEqual([word(false).status, word("unknown").status], ["False", "Unknown"]);
});

Deno.test("long texts are cut, without half a character", () => {
  assert.equal(cut("abc", 3), "abc");
  assert.equal(cut("abcd", 3), "ab…");
  assert.equal(cut("a😀bc", 3), "a\ufffd…");
  assert.equal(cut("x".repeat(2_000)).length, 1_024);
});
