import assert from "node:assert/strict";
import { LONGEST_TIMER_MS, systemClock } from "./clock.ts";

Deno.test("the clock goes forward and a sleep lasts", async () => {
  const before = systemClock.now();
  await systemClock.sleep(20);
  assert.ok(systemClock.now() - before >= 15);
  assert.ok(Math.abs(systemClock.wallTime() - Date.now()) < 60_000);
});

Deno.test("a sleep ends with the signal's reason as soon as it aborts", async () => {
  const abort = new AbortController();
  const sleep = systemClock.sleep(60_000, abort.signal);
  const reason = new Error("wake up");
  abort.abort(reason);
  await assert.rejects(sleep, (error) => error === reason);
  await assert.rejects(systemClock.sleep(60_000, abort.signal), (error) => error === reason);
});

Deno.test("a sleep that is longer than a timer can run does not end at once", async () => {
  const abort = new AbortController();
  let ended = false;
  const sleep = systemClock.sleep(LONGEST_TIMER_MS * 2, abort.signal).finally(() => ended = true);
  await systemClock.sleep(20);
  assert.equal(ended, false);
  abort.abort(new Error("enough"));
  await assert.rejects(sleep, /enough/);
});

Deno.test("a negative sleep ends in the next turn", async () => {
  await systemClock.sleep(-5);
  await systemClock.sleep(0, new AbortController().signal);
});
