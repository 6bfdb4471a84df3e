/** The short form of `deno task soak proxy`. A failure names its seed and prints its history. */
import assert from "node:assert/strict";
import { failureText, soakHistories } from "./history.ts";
import { proxyHistory } from "./proxy_history.ts";

const never = new AbortController().signal;

Deno.test("whatever happens to a workspace proxy, its pods have a good token, and in the end it is registered once", async () => {
  const seed = Number(Deno.env.get("CODER_K8S_SOAK_SEED") ?? "1");
  const { failed, histories, counts, figures } = await soakHistories(proxyHistory, {
    seed,
    most: 150,
    signal: never,
  });
  assert.equal(failed, undefined, failed === undefined ? "" : failureText(failed));
  assert.equal(histories, 150);
  // The run is worth something only where all of it happens.
  assert.ok(Object.keys(counts).length > 40, JSON.stringify(counts));
  assert.ok(Object.values(counts).every((count) => count > 3), JSON.stringify(counts));
  const { crashes = 0, registered = 0, regenerated = 0, removed = 0 } = figures;
  assert.ok(crashes > 60 && registered > 150 && regenerated > 20 && removed > 100, JSON.stringify(figures));
});

Deno.test("the same seed gives the same history of a proxy", async () => {
  const [first, second] = [await proxyHistory(7), await proxyHistory(7)];
  assert.deepEqual([first.counts, first.figures, first.wrong], [second.counts, second.figures, second.wrong]);
  assert.equal(first.log.length, second.log.length);
});

Deno.test("a long run ends when it is told to, and tells of every history", async () => {
  const done: number[] = [];
  const progress = (count: number) => void done.push(count);
  const { histories } = await soakHistories(proxyHistory, {
    seed: 1,
    most: 2,
    events: 3,
    signal: never,
    progress,
  });
  assert.deepEqual([histories, done], [2, [1, 2]]);
  const none = await soakHistories(proxyHistory, { seed: 1, signal: AbortSignal.abort() });
  assert.equal(none.histories, 0);
});

Deno.test("a failure stops the run, and its text has the seed, the history and what is wrong", async () => {
  const run = (seed: number) => {
    const wrong = seed === 3 ? ["a key is gone"] : [];
    return Promise.resolve({ seed, wrong, log: ["first", "last"], counts: { a: 1 }, figures: { b: 2 } });
  };
  const { failed, histories, counts, figures } = await soakHistories(run, { seed: 1, signal: never });
  assert.deepEqual([histories, counts, figures], [3, { a: 3 }, { b: 6 }]);
  assert.ok(failed !== undefined);
  assert.equal(failureText(failed), "seed 3:\nfirst\nlast\nwhat is wrong:\na key is gone");
});
