import assert from "node:assert/strict";
import { Turns } from "./turns.ts";

const never = new AbortController().signal;
const settled = async () => {
  for (let count = 0; count < 20; count++) await Promise.resolve();
};

Deno.test("so many have a turn, the others wait in the order that they came in", async () => {
  const turns = new Turns(2);
  const order: string[] = [];
  const ends = new Map<string, () => void>();
  const all = ["a", "b", "c", "d"].map(async (name) => {
    ends.set(name, await turns.take(never));
    order.push(name);
  });
  await settled();
  assert.deepEqual([order, turns.taken, turns.waiting], [["a", "b"], 2, 2]);
  ends.get("b")!();
  // Ending it again ends nobody else's.
  ends.get("b")!();
  await settled();
  assert.deepEqual([order, turns.taken, turns.waiting], [["a", "b", "c"], 2, 1]);
  ends.get("a")!();
  await Promise.all(all);
  assert.deepEqual(order, ["a", "b", "c", "d"]);
  ends.get("c")!();
  ends.get("d")!();
  assert.deepEqual([turns.taken, turns.waiting], [0, 0]);
});

Deno.test("who leaves the queue keeps nobody from it", async () => {
  const turns = new Turns(1);
  const end = await turns.take(never);
  const leaving = new AbortController();
  const left = assert.rejects(turns.take(leaving.signal), /gone/);
  const other = turns.take(never);
  leaving.abort(new Error("gone"));
  await left;
  assert.equal(turns.waiting, 1);
  end();
  (await other)();
  assert.equal(turns.taken, 0);
  await assert.rejects(turns.take(AbortSignal.abort(new Error("gone"))), /gone/);
  assert.equal(turns.taken, 0);
});

Deno.test("a turn that is given to one who leaves at that moment is the next one's", async () => {
  for (const isAbortFirst of [true, false]) {
    const turns = new Turns(1);
    const end = await turns.take(never);
    const leaving = new AbortController();
    const left = turns.take(leaving.signal).then((own) => own(), () => {});
    const other = turns.take(never);
    await settled();
    if (isAbortFirst) leaving.abort(new Error("gone"));
    end();
    if (!isAbortFirst) leaving.abort(new Error("gone"));
    await left;
    (await other)();
    assert.deepEqual([turns.taken, turns.waiting], [0, 0]);
  }
});
