import assert from "node:assert/strict";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import { joined, within } from "./deadline.ts";

const never = new AbortController().signal;
const late = () => new Error("late");
const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

Deno.test("within its time something comes to its own end, and leaves no timer", async () => {
  const clock = new FakeClock();
  assert.equal(await within(clock, 10, never, late, () => Promise.resolve("done")), "done");
  await assert.rejects(within(clock, 10, never, late, () => Promise.reject(new Error("no"))), {
    message: "no",
  });
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("after its time it is aborted with what is said of that", async () => {
  const clock = new FakeClock();
  const rejected = assert.rejects(within(clock, 10, never, late, untilAborted), { message: "late" });
  await clock.advance(10);
  await rejected;
});

Deno.test("who gives up aborts it with the reason, before and while it runs", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const rejected = assert.rejects(within(clock, 10, stop.signal, late, untilAborted), { message: "enough" });
  stop.abort(new Error("enough"));
  await rejected;
  let isRun = false;
  const after = within(clock, 10, stop.signal, late, () => {
    isRun = true;
    return Promise.resolve();
  });
  await assert.rejects(after, { message: "enough" });
  assert.equal(isRun, false);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("one of many who wait for something can give up", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const stop = new AbortController();
  const [one, two] = [joined(promise, stop.signal), joined(promise, never)];
  const rejected = assert.rejects(one, { message: "enough" });
  stop.abort(new Error("enough"));
  await rejected;
  resolve("done");
  assert.equal(await two, "done");
  await assert.rejects(joined(promise, stop.signal), { message: "enough" });
  await assert.rejects(joined(Promise.reject(new Error("no")), never), { message: "no" });
  await settle();
});
