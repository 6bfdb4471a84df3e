/** The short form of `deno task soak provisioner`. A failure names its seed and prints its history. */
import assert from "node:assert/strict";
import { failureText, soakHistories } from "./history.ts";
import { provisionerHistory } from "./provisioner_history.ts";

const never = new AbortController().signal;

Deno.test("whatever happens to a provisioner, its pods have a valid key, and in the end there is one and no orphan", async () => {
  const seed = Number(Deno.env.get("CODER_K8S_SOAK_SEED") ?? "1");
  const { failed, histories, counts, figures } = await soakHistories(provisionerHistory, {
    seed,
    most: 150,
    signal: never,
  });
  assert.equal(failed, undefined, failed === undefined ? "" : failureText(failed));
  assert.equal(histories, 150);
  // The run is worth something only where all of it happens.
  assert.ok(Object.keys(counts).length > 40, JSON.stringify(counts));
  assert.ok(Object.values(counts).every((count) => count > 3), JSON.stringify(counts));
  const { crashes = 0, deleted = 0, made = 0 } = figures;
  assert.ok(crashes > 60 && made > 200 && deleted > 100, JSON.stringify(figures));
});

Deno.test("the same seed gives the same history of a provisioner", async () => {
  const [first, second] = [await provisionerHistory(7), await provisionerHistory(7)];
  assert.deepEqual([first.counts, first.figures, first.wrong], [second.counts, second.figures, second.wrong]);
  assert.equal(first.log.length, second.log.length);
});
