import assert from "node:assert/strict";
import { inLanes } from "./lanes.ts";

Deno.test("all is done, in order, and no more at once than there are lanes", async () => {
  const begun: number[] = [];
  let [atOnce, most] = [0, 0];
  await inLanes([1, 2, 3, 4, 5], 2, async (item) => {
    begun.push(item);
    most = Math.max(most, ++atOnce);
    await Promise.resolve();
    atOnce--;
  });
  assert.deepEqual(begun, [1, 2, 3, 4, 5]);
  assert.deepEqual([atOnce, most], [0, 2]);
});

Deno.test("nothing to do is done", async () => {
  await inLanes([], 4, () => Promise.reject(new Error("there is nothing")));
});

Deno.test("one that fails is told", async () => {
  const run = (item: number) => item === 2 ? Promise.reject(new Error("two")) : Promise.resolve();
  await assert.rejects(inLanes([1, 2, 3], 2, run), /^Error: two$/);
});
