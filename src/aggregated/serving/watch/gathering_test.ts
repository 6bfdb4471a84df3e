import assert from "node:assert/strict";
import { FakeClock } from "../../../telemetry/testing/fake_clock.ts";
import { Gathering } from "./gathering.ts";

Deno.test("work is done once after a moment, in the order in which it was asked for", async () => {
  const clock = new FakeClock();
  const { later } = new Gathering(clock, 10);
  const done: string[] = [];
  const [first, second] = [() => void done.push("first"), () => void done.push("second")];
  later(first);
  await clock.advance(9);
  later(second);
  later(first);
  assert.deepEqual(done, []);
  await clock.advance(1);
  assert.deepEqual(done, ["first", "second"]);
  assert.equal(clock.pendingTimers, 0);
  later(second);
  await clock.advance(10);
  assert.deepEqual(done, ["first", "second", "second"]);
});

Deno.test("what is put off can be done at once, and leaves no timer", () => {
  const clock = new FakeClock();
  const gathering = new Gathering(clock, 10);
  let done = 0;
  gathering.later(() => void done++);
  gathering.doAll();
  assert.deepEqual([done, clock.pendingTimers], [1, 0]);
  gathering.doAll();
  assert.equal(done, 1);
});

Deno.test("without a time nothing is put off", () => {
  const clock = new FakeClock();
  let done = 0;
  new Gathering(clock, 0).later(() => void done++);
  assert.deepEqual([done, clock.pendingTimers], [1, 0]);
});

Deno.test("work that asks for itself again is done at its next time", async () => {
  const clock = new FakeClock();
  const { later } = new Gathering(clock, 10);
  let done = 0;
  const work = () => {
    if (++done < 3) later(work);
  };
  later(work);
  await clock.advance(10);
  assert.equal(done, 1);
  await clock.advance(20);
  assert.equal(done, 3);
});
