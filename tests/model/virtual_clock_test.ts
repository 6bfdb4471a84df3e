import assert from "node:assert/strict";
import { ProcessClock, settle, START_MS, VirtualClock } from "./virtual_clock.ts";

Deno.test("time stands still until it is moved, and timers run in order of their times", () => {
  const clock = new VirtualClock();
  const ran: string[] = [];
  clock.setTimer(() => ran.push("late"), 20);
  clock.setTimer(() => ran.push("early"), 10);
  clock.setTimer(() => ran.push("early, too"), 10);
  assert.equal(clock.nextDue, START_MS + 10);
  while (clock.step(START_MS + 15)) assert.equal(clock.now(), START_MS + 10);
  assert.deepEqual(ran, ["early", "early, too"]);
  assert.equal(clock.now(), START_MS + 15);
  assert.equal(clock.step(START_MS + 20), true);
  assert.equal(ran.at(-1), "late");
});

Deno.test("a cancelled timer does not run", () => {
  const clock = new VirtualClock();
  const cancel = clock.setTimer(() => assert.fail("it was cancelled"), 1);
  cancel();
  assert.equal(clock.nextDue, undefined);
});

Deno.test("the timers of a process that has died never run, those of others do", () => {
  const clock = new VirtualClock();
  const [dead, living] = [new ProcessClock(clock), new ProcessClock(clock)];
  let ran = 0;
  dead.setTimer(() => assert.fail("the process has died"), 1);
  living.setTimer(() => ran++, 1);
  dead.stop();
  dead.setTimer(() => assert.fail("the process has died"), 1);
  while (clock.step(START_MS + 5));
  assert.equal(ran, 1);
});

Deno.test("a sleeper wakes in time, or when it is told to stop", async () => {
  const clock = new VirtualClock();
  const process = new ProcessClock(clock);
  const abort = new AbortController();
  const slept = process.sleep(10);
  const stopped = assert.rejects(process.sleep(10, abort.signal), /enough/);
  abort.abort(new Error("enough"));
  await stopped;
  while (clock.step(START_MS + 10)) await settle();
  await slept;
  await assert.rejects(process.sleep(1, abort.signal), /enough/);
  assert.deepEqual([process.now(), process.wallTime(), process.date().getTime()], [
    clock.now(),
    clock.now(),
    clock.now(),
  ]);
  assert.equal(clock.time(), "2026-01-01T00:00:00Z");
});
