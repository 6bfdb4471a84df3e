import assert from "node:assert/strict";
import { laneCount, runLanes } from "./lanes.ts";

Deno.test("lanes take work in order, each the next as soon as it is free", async () => {
  const gates = new Map(["a", "b", "c", "d"].map((work) => [work, Promise.withResolvers<void>()]));
  const begun: string[] = [];
  const running = runLanes(["one", "two"], [...gates.keys()], async (work, lane) => {
    begun.push(`${lane} ${work}`);
    await gates.get(work)?.promise;
    return work;
  });
  assert.deepEqual(begun, ["one a", "two b"]);
  for (const work of ["b", "c", "d", "a"]) {
    gates.get(work)?.resolve();
    await new Promise((resolve) => setTimeout(resolve));
  }
  assert.deepEqual(begun, ["one a", "two b", "two c", "two d"]);
  assert.deepEqual(await running, ["b", "c", "d", "a"]);
});

Deno.test("nothing is begun after the signal, and what runs hears it", async () => {
  const stop = new AbortController();
  const begun: number[] = [];
  const running = runLanes([0], [1, 2, 3], (work, _lane, signal) => {
    begun.push(work);
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve(work)));
  }, stop.signal);
  stop.abort();
  assert.deepEqual(await running, [1]);
  assert.deepEqual(begun, [1]);
});

Deno.test("an error ends the other lanes, and is thrown when they have ended", async () => {
  const ended: string[] = [];
  const running = runLanes(["bad", "good"], ["x", "y", "z"], async (work, lane, signal) => {
    if (lane === "bad") throw new Error(`no ${work}`);
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    ended.push(work);
  });
  await assert.rejects(running, /^Error: no x$/);
  assert.deepEqual(ended, ["y"]);
});

Deno.test("no work is no result", async () => {
  assert.deepEqual(await runLanes([1, 2], [], () => Promise.reject(new Error("called"))), []);
});

Deno.test("there are two lanes where there are two cores, or as many as are asked for", () => {
  assert.equal(laneCount(undefined, 1), 1);
  assert.equal(laneCount(undefined, 2), 2);
  assert.equal(laneCount("", 64), 2);
  assert.equal(laneCount("1", 8), 1);
  assert.equal(laneCount("4", 1), 4);
  for (const wrong of ["0", "-1", "1.5", "many", "17"]) {
    assert.throws(() => laneCount(wrong, 2), {
      name: "RangeError",
      message: `CODER_K8S_TEST_LANES is "${wrong}": give a whole number from 1 to 16`,
    });
  }
});
