import assert from "node:assert/strict";
import { startDeadline } from "./deadline.ts";

const never = new Promise<never>(() => {});

Deno.test("what settles in time passes through, and nothing stays behind", async () => {
  const caller = new AbortController();
  const deadline = startDeadline(60_000, caller.signal);
  assert.equal(await deadline.race(Promise.resolve(7)), 7);
  await assert.rejects(deadline.race(Promise.reject(new Error("no"))), /no/);
  deadline.end();
  caller.abort();
  assert.equal(deadline.over, undefined);
  assert.equal(deadline.signal.aborted, false);
});

Deno.test("the deadline ends a call", async () => {
  const deadline = startDeadline(5);
  await assert.rejects(deadline.race(never), /not within 5 ms/);
  assert.equal(deadline.over, "timeout");
  assert.equal(deadline.signal.aborted, true);
});

Deno.test("the caller ends a call, with its own reason", async () => {
  const caller = new AbortController();
  const deadline = startDeadline(60_000, caller.signal);
  const waiting = deadline.race(never);
  caller.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
  assert.equal(deadline.over, "aborted");
});

Deno.test("a caller that has given up before is heard", async () => {
  const deadline = startDeadline(60_000, AbortSignal.abort(new Error("before")));
  assert.equal(deadline.over, "aborted");
  await assert.rejects(deadline.race(Promise.resolve(1)), /before/);
});

Deno.test("whichever comes first counts", () => {
  const caller = new AbortController();
  const deadline = startDeadline(60_000, caller.signal);
  caller.abort();
  caller.abort();
  assert.equal(deadline.over, "aborted");
});

Deno.test("what fails after the end is not an unhandled rejection", async () => {
  const deadline = startDeadline(1);
  const { promise, reject } = Promise.withResolvers<void>();
  await assert.rejects(deadline.race(promise), /not within/);
  reject(new Error("late"));
  await new Promise((resolve) => setTimeout(resolve, 0));
});
