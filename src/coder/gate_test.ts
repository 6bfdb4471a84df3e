import assert from "node:assert/strict";
import { FakeClock } from "../telemetry/testing/fake_clock.ts";
import { createGate } from "./gate.ts";

function gateAt(clock: FakeClock, random = () => 0) {
  return createGate({ clock, random });
}

Deno.test("a key that was never limited may go", () => {
  const gate = gateAt(new FakeClock());
  assert.equal(gate.waitMs("/a"), 0);
  assert.equal(gate.size, 0);
});

Deno.test("after a 429 the key waits as long as the server said, and others may go", () => {
  const clock = new FakeClock();
  const gate = gateAt(clock);
  gate.limited("/a", 60_000);
  assert.equal(gate.waitMs("/a"), 60_000);
  assert.equal(gate.waitMs("/b"), 0);
  clock.advanceSync(59_999);
  assert.equal(gate.waitMs("/a"), 1);
  clock.advanceSync(1);
  assert.equal(gate.waitMs("/a"), 0);
});

Deno.test("jitter only makes waits longer", () => {
  const clock = new FakeClock();
  const gate = gateAt(clock, () => 1);
  gate.limited("/a", 60_000);
  assert.equal(gate.waitMs("/a"), 66_000);
});

Deno.test("429s that name no time make for waits that double up to a limit", () => {
  const clock = new FakeClock();
  const gate = gateAt(clock);
  const waits: number[] = [];
  for (let time = 0; time < 5; time++) {
    gate.limited("/a", undefined);
    waits.push(gate.waitMs("/a"));
    clock.advanceSync(gate.waitMs("/a"));
  }
  assert.deepEqual(waits, [30_000, 60_000, 120_000, 120_000, 120_000]);
});

Deno.test("an answer starts the count of unnamed waits anew", () => {
  const clock = new FakeClock();
  const gate = gateAt(clock);
  gate.limited("/a", undefined);
  clock.advanceSync(30_000);
  gate.passed("/a");
  gate.limited("/a", undefined);
  assert.equal(gate.waitMs("/a"), 30_000);
});

Deno.test("a 429 from in front of Coder closes the whole deployment", () => {
  const clock = new FakeClock();
  const gate = gateAt(clock);
  gate.limited("/a", 10_000, true);
  assert.equal(gate.waitMs("/never-asked"), 10_000);
  clock.advanceSync(10_000);
  assert.equal(gate.waitMs("/never-asked"), 0);
});

Deno.test("two paths limited at once close the whole deployment", () => {
  const clock = new FakeClock();
  const gate = gateAt(clock);
  gate.limited("/a", 60_000);
  clock.advanceSync(1_000);
  gate.limited("/b", 60_000);
  assert.equal(gate.waitMs("/c"), 60_000);
});

Deno.test("while everything is limited one probe at a time goes out, not one for each path", () => {
  const clock = new FakeClock();
  const gate = gateAt(clock);
  let requests = 0;
  const end = 60_000;
  const tryAll = () => {
    for (const path of ["/a", "/b", "/c", "/d", "/e"]) {
      if (gate.waitMs(path) > 0) continue;
      requests++;
      gate.limited(path, undefined);
    }
  };
  while (clock.now() < end) {
    tryAll();
    clock.advanceSync(500);
  }
  assert.ok(requests <= 3, `${requests} requests in 60 s of 429`);
});

Deno.test("one answer after the wait opens the deployment again", () => {
  const clock = new FakeClock();
  const gate = gateAt(clock);
  gate.limited("/a", 5_000);
  gate.limited("/b", 5_000);
  clock.advanceSync(5_000);
  gate.passed("/a");
  gate.limited("/c", 1_000, false);
  // "/b" is still remembered, so this was the second path: everything closes for what "/c" was told.
  assert.equal(gate.waitMs("/d"), 1_000);
  clock.advanceSync(1_000);
  for (const path of ["/b", "/c"]) gate.passed(path);
  assert.equal(gate.size, 0);
});

Deno.test("an answer to a call sent earlier does not open what a later 429 closed for everything", () => {
  const clock = new FakeClock();
  const gate = gateAt(clock);
  gate.limited("/a", 5_000, true);
  gate.passed("/b");
  assert.equal(gate.waitMs("/b"), 5_000);
});

Deno.test("a late 429 with a shorter wait does not shorten what was promised", () => {
  const clock = new FakeClock();
  const gate = gateAt(clock);
  gate.limited("/a", 60_000);
  gate.limited("/a", 1_000);
  assert.equal(gate.waitMs("/a"), 60_000);
});

Deno.test("old 429s are forgotten, and so is what exceeds a thousand keys", () => {
  const clock = new FakeClock();
  const gate = gateAt(clock);
  gate.limited("/old", 1_000);
  clock.advanceSync(10 * 60_000);
  gate.limited("/new", 1_000);
  assert.equal(gate.size, 1);
  for (let index = 0; index < 3_000; index++) gate.limited(`/path/${index}`, 1_000);
  assert.ok(gate.size <= 1_003, `${gate.size} keys`);
});
