import assert from "node:assert/strict";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import { RefusalGate } from "./refusal_gate.ts";

Deno.test("who was refused often waits for the rest of the time, and nobody else does", async () => {
  const clock = new FakeClock();
  const gate = new RefusalGate({ most: 3, perMs: 60_000, clock });
  assert.equal(gate.waitMs("a"), 0);
  gate.refused("a");
  await clock.advance(10_000);
  gate.refused("a");
  assert.equal(gate.waitMs("a"), 0);
  gate.refused("a");
  assert.equal(gate.waitMs("a"), 50_000);
  assert.equal(gate.waitMs("b"), 0);
  // What comes meanwhile makes it no longer.
  gate.refused("a");
  assert.equal(gate.waitMs("a"), 50_000);
  await clock.advance(50_000);
  assert.equal(gate.waitMs("a"), 0);
  gate.refused("a");
  assert.equal(gate.waitMs("a"), 0, "it begins anew");
});

Deno.test("refusals of long ago do not count with those of now", async () => {
  const clock = new FakeClock();
  const gate = new RefusalGate({ most: 2, perMs: 1_000, clock });
  for (let i = 0; i < 10; i++) {
    gate.refused("a");
    assert.equal(gate.waitMs("a"), 0, `${i}`);
    await clock.advance(1_000);
  }
});

Deno.test("however many addresses there are, few are remembered", () => {
  const gate = new RefusalGate({ most: 2, clock: { now: () => 0 } });
  for (let i = 0; i < 12_000; i++) gate.refused(`peer-${i}`);
  assert.equal(gate.size, 10_000);
  gate.refused("peer-11999");
  assert.ok(gate.waitMs("peer-11999") > 0);
});
