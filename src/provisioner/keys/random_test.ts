import assert from "node:assert/strict";
import { runHistory, soakHistories } from "./testing/random_run.ts";

const never = new AbortController().signal;

Deno.test("through random histories no key that is used is ever deleted, and all ends with one key and no orphan", async () => {
  const { failed, histories, counts } = await soakHistories({ seed: 1, most: 300, signal: never });
  assert.equal(
    failed,
    undefined,
    `seed ${failed?.seed}:\n${failed?.log.join("\n")}\n${failed?.wrong.join("\n")}`,
  );
  assert.equal(histories, 300);
  // Every kind of event took part.
  assert.ok(Object.keys(counts).length > 30, JSON.stringify(counts));
  assert.ok(Object.values(counts).every((count) => count > 5), JSON.stringify(counts));
});

Deno.test("the same seed gives the same history", async () => {
  const [first, second] = [await runHistory(5), await runHistory(5)];
  assert.deepEqual(first, second);
  assert.ok(first.log.length > 60);
});

Deno.test("a long run ends when it is told to", async () => {
  const { histories, failed } = await soakHistories({ seed: 1, signal: AbortSignal.abort() });
  assert.deepEqual({ histories, failed }, { histories: 0, failed: undefined });
});
