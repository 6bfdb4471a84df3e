import assert from "node:assert/strict";
import { LONGEST_TIMER_MS, settlesWithin, sleep, systemClock } from "./clock.ts";
import { FakeClock } from "./testing/fake_clock.ts";

Deno.test("the system clock runs a timer once and never goes back", async () => {
  const before = systemClock.now();
  let runs = 0;
  await new Promise<void>((resolve) =>
    systemClock.setTimer(() => {
      runs++;
      resolve();
    }, 1)
  );
  assert.equal(runs, 1);
  assert.ok(systemClock.now() >= before);
});

Deno.test("a cancelled timer of the system clock does not run", async () => {
  let ran = false;
  const cancel = systemClock.setTimer(() => ran = true, 1);
  cancel();
  await new Promise<void>((resolve) => void systemClock.setTimer(resolve, 5));
  assert.equal(ran, false);
});

Deno.test("a delay longer than the runtime's limit is waited for in pieces instead of firing at once", () => {
  let ran = false;
  const original = globalThis.setTimeout;
  const asked: number[] = [];
  const pending: (() => void)[] = [];
  Reflect.set(globalThis, "setTimeout", (run: () => void, ms: number) => {
    asked.push(ms);
    pending.push(run);
    return 0;
  });
  try {
    systemClock.setTimer(() => ran = true, LONGEST_TIMER_MS + 10);
    pending.shift()!();
    assert.equal(ran, false);
    pending.shift()!();
  } finally {
    globalThis.setTimeout = original;
  }
  assert.equal(ran, true);
  assert.deepEqual(asked, [LONGEST_TIMER_MS, 10]);
});

Deno.test("settlesWithin() tells a promise that settles, either way, from one that does not", async () => {
  const clock = new FakeClock();
  assert.equal(await settlesWithin(Promise.resolve(1), 10, clock), true);
  assert.equal(await settlesWithin(Promise.reject(new Error("no")), 10, clock), true);
  const late = settlesWithin(new Promise(() => {}), 10, clock);
  await clock.advance(10);
  assert.equal(await late, false);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("sleep() ends at its time, and at once when its signal aborts", async () => {
  const clock = new FakeClock();
  const abort = new AbortController();
  let slept = false;
  const full = sleep(50, undefined, clock).then(() => slept = true);
  const cut = sleep(50, abort.signal, clock);
  abort.abort();
  await cut;
  assert.equal(slept, false);
  await clock.advance(50);
  await full;
  assert.equal(slept, true);
  await sleep(1_000, abort.signal, clock);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("the fake clock runs timers by due time, then by creation, also those made meanwhile", async () => {
  const clock = new FakeClock();
  const seen: string[] = [];
  clock.setTimer(() => seen.push("b"), 20);
  clock.setTimer(() => {
    seen.push("a");
    clock.setTimer(() => seen.push("nested"), 5);
  }, 10);
  clock.setTimer(() => seen.push("c"), 20);
  clock.setTimer(() => seen.push("late"), 31);
  await clock.advance(30);
  assert.deepEqual(seen, ["a", "nested", "b", "c"]);
  clock.advanceSync(1);
  assert.deepEqual(seen, ["a", "nested", "b", "c", "late"]);
  assert.equal(clock.now(), 31);
});
