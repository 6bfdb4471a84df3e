import assert from "node:assert/strict";
import { ManualClock } from "../kube/testing/manual_clock.ts";
import { BusyError, ReviewMemory, type ReviewMemoryOptions } from "./review_memory.ts";

function rig(options: Partial<ReviewMemoryOptions<number>> = {}) {
  const clock = new ManualClock();
  const memory = new ReviewMemory<number>({ isGood: (answer) => answer > 0, clock, ...options });
  const asked: string[] = [];
  const ask = (key: string, answer = 1, signal?: AbortSignal) =>
    memory.answer(key, () => {
      asked.push(key);
      return Promise.resolve(answer);
    }, signal);
  return { clock, memory, asked, ask };
}

Deno.test("an answer counts from when it came, and for as long as its kind does", async () => {
  const { clock, memory, asked, ask } = rig({ goodMs: 10_000, badMs: 3_000 });
  const slow = Promise.withResolvers<number>();
  const answer = memory.answer("good", () => slow.promise);
  await clock.advance(5_000);
  slow.resolve(1);
  assert.equal(await answer, 1);
  await ask("bad", -1);
  await clock.advance(2_999);
  assert.deepEqual([memory.recall("good"), memory.recall("bad")], [1, -1]);
  await clock.advance(1);
  assert.deepEqual([memory.recall("good"), memory.recall("bad")], [1, undefined]);
  await clock.advance(6_999);
  assert.equal(memory.recall("good"), 1);
  await clock.advance(1);
  assert.equal(memory.recall("good"), undefined);
  await ask("good");
  assert.deepEqual(asked, ["bad", "good"]);
});

Deno.test("what has run out takes no memory", async () => {
  const { clock, memory, ask } = rig();
  await ask("a");
  await ask("b", -1);
  assert.equal(memory.size, 2);
  await clock.advance(10_000);
  assert.deepEqual([memory.recall("a"), memory.recall("b")], [undefined, undefined]);
  assert.equal(memory.size, 0);
});

Deno.test("equal questions at the same time are asked once", async () => {
  const { asked, ask } = rig();
  assert.deepEqual(await Promise.all([ask("a"), ask("a"), ask("b"), ask("a")]), [1, 1, 1, 1]);
  assert.deepEqual(asked, ["a", "b"]);
});

Deno.test("a failure reaches all who wait, and is asked about again", async () => {
  const { memory, ask } = rig();
  const fail = () => memory.answer("a", () => Promise.reject(new Error("down")));
  const results = await Promise.allSettled([fail(), fail()]);
  assert.deepEqual(results.map(({ status }) => status), ["rejected", "rejected"]);
  assert.equal(await ask("a"), 1);
});

Deno.test("the answers that were not used for longest go first, each kind by itself", async () => {
  const { memory, asked, ask } = rig({ maxGood: 2, maxBad: 2 });
  await ask("a");
  await ask("b");
  await ask("a");
  await ask("c");
  assert.deepEqual(["a", "b", "c"].map((key) => memory.recall(key)), [1, undefined, 1]);
  for (let junk = 0; junk < 100; junk++) await ask(`junk ${junk}`, -1);
  assert.deepEqual(["a", "c", "junk 99", "junk 97"].map((key) => memory.recall(key)), [1, 1, -1, undefined]);
  assert.equal(memory.size, 4);
  assert.equal(asked.length, 103);
});

Deno.test("an abort ends one caller's wait alone", async () => {
  const { memory, clock, asked, ask } = rig();
  const slow = Promise.withResolvers<number>();
  const abort = new AbortController();
  const impatient = memory.answer("a", () => slow.promise, abort.signal);
  const patient = ask("a", 1, new AbortController().signal);
  abort.abort(new Error("client left"));
  await assert.rejects(impatient, /client left/);
  slow.resolve(7);
  assert.equal(await patient, 7);
  assert.equal(memory.recall("a"), 7);
  await clock.advance(10_000);
  await assert.rejects(ask("a", 1, abort.signal), /client left/);
  assert.deepEqual(asked, [], "nothing is asked for who has left already");
});

Deno.test("so many questions at a time and no more; waiting for one of them is always possible", async () => {
  const { memory, ask } = rig({ maxAsking: 2 });
  const slow = Promise.withResolvers<number>();
  const under = ["a", "b"].map((key) => memory.answer(key, () => slow.promise));
  await assert.rejects(ask("c"), BusyError);
  const third = memory.answer("a", () => Promise.reject(new Error("not asked")));
  slow.resolve(3);
  assert.deepEqual(await Promise.all([...under, third]), [3, 3, 3]);
  assert.equal(await ask("c"), 1);
});
