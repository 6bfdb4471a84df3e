import assert from "node:assert/strict";
import { Lag } from "./lag.ts";

const MINUTE = 60_000;

function rig() {
  const time = { now: 1_000 * MINUTE };
  const lag = new Lag({ wallTime: () => time.now });
  const last = new Map<string, number>();
  const all = () => [...last].map(([id, completeAt]) => ({ id, completeAt }));
  return {
    lag,
    all,
    /** After `ms`, a look ends that took `tookMs`. */
    look(id: string, ms: number, tookMs = 0) {
      time.now += ms;
      const completeAt = time.now - tookMs;
      last.set(id, completeAt);
      lag.looked({ id, completeAt });
    },
    pass: (ms: number) => void (time.now += ms),
    facts: () => [lag.isLate(all()), lag.wasLate(all()), lag.overlapMs(all()) / MINUTE],
  };
}

Deno.test("who looks often is never late, and five minutes make up for what replicas differ in", () => {
  const { look, pass, facts } = rig();
  for (let round = 0; round < 10; round++) look("a", 30_000, 2_000);
  pass(30_000);
  assert.deepEqual(facts(), [false, false, 5]);
});

Deno.test("what has not been looked at for four minutes is late, and more is made up for", () => {
  const { look, pass, facts } = rig();
  look("a", 30_000);
  pass(4 * MINUTE);
  assert.deepEqual(facts(), [false, false, 8]);
  pass(1);
  assert.deepEqual(facts().slice(0, 2), [true, true]);
  pass(MINUTE);
  assert.equal(Math.round(Number(facts()[2])), 10);
});

Deno.test("who looks seldom is late again and again, and that is remembered for some looks", () => {
  const { look, facts } = rig();
  look("a", 0);
  look("a", 10 * MINUTE, MINUTE);
  assert.deepEqual(facts(), [false, true, 20]);
  look("a", 10 * MINUTE, 0);
  // Just before, what was known was from the beginning of the look before.
  assert.deepEqual(facts(), [false, true, 22]);
  for (let round = 0; round < 3; round++) look("a", 30_000);
  assert.deepEqual(facts(), [false, true, 22]);
  look("a", 30_000);
  assert.deepEqual(facts(), [false, false, 5]);
});

Deno.test("the slowest of all counts, and who is gone does not", () => {
  const { look, pass, facts, lag } = rig();
  for (const id of ["a", "b"]) look(id, 0);
  look("a", 10 * MINUTE);
  look("b", 1);
  assert.equal(facts()[1], true);
  lag.keep(new Set(["c"]));
  assert.deepEqual(facts(), [false, false, 5]);
  pass(5 * MINUTE);
  assert.equal(facts()[0], true);
});

Deno.test("what was never looked at is not late: nobody is told anything of it", () => {
  const { lag, pass } = rig();
  pass(60 * MINUTE);
  lag.looked({ id: "a" });
  const never = [{ id: "a", completeAt: undefined }];
  assert.deepEqual([lag.isLate(never), lag.wasLate(never), lag.overlapMs([])], [false, false, 300_000]);
});
