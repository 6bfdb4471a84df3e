import assert from "node:assert/strict";
import { startCallTime } from "./call_time.ts";

const forever = () => new Promise<never>(() => {});

Deno.test("what is done in time is answered, and what fails fails", async () => {
  const time = startCallTime(10_000);
  assert.equal(await time.within(Promise.resolve(7)), 7);
  await assert.rejects(time.within(Promise.reject(new Error("no"))), /no/);
  assert.deepEqual([time.ended, time.signal.aborted], [undefined, false]);
  time.done();
});

Deno.test("a call that listens to nobody ends at its deadline all the same", async () => {
  const time = startCallTime(5);
  await assert.rejects(time.within(forever()), { name: "TimeoutError" });
  assert.equal(time.ended, "deadline");
  assert.equal((time.signal.reason as Error).name, "TimeoutError");
  time.leave();
  assert.equal(time.ended, "deadline");
  await assert.rejects(time.within(Promise.resolve(1)), { name: "TimeoutError" });
});

Deno.test("a call ends with its client", async () => {
  const time = startCallTime(10_000);
  const call = time.within(forever());
  time.leave();
  await assert.rejects(call, { name: "AbortError" });
  assert.equal(time.ended, "gone");
});

Deno.test("what a person takes is not the call's time, which then begins anew", async () => {
  const time = startCallTime(30);
  await time.outside(() => new Promise((resolve) => setTimeout(resolve, 60)));
  assert.equal(time.ended, undefined);
  await assert.rejects(time.within(forever()), { name: "TimeoutError" });
  const left = startCallTime(10_000);
  await left.outside(() => {
    left.leave();
    return Promise.resolve();
  });
  assert.equal(left.ended, "gone");
});
