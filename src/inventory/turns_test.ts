import assert from "node:assert/strict";
import { below, seededRandom } from "../telemetry/testing/random.ts";
import { Turns } from "./turns.ts";

const MINUTE = 60_000;
const turns = () => new Turns<string>({ everyMs: MINUTE, graceMs: 5_000 });

Deno.test("the first one to come is served at once", () => {
  assert.equal(turns().waitMs("a", 1_000), 0);
});

Deno.test("after a turn that counts, the next one is a full time later", () => {
  const line = turns();
  line.take("a", 0, true);
  assert.equal(line.waitMs("b", 10_000), 50_000);
  assert.equal(line.waitMs("b", 59_999), 1);
  assert.equal(line.waitMs("b", 60_000), 0);
});

Deno.test("a turn that does not count holds nobody up", () => {
  const line = turns();
  line.take("a", 0, true);
  line.take("c", 59_000, false);
  assert.equal(line.waitMs("b", 60_000), 0);
});

Deno.test("those who wait are told times one after the other, in the order in which they came", () => {
  const line = turns();
  line.take("x", 0, true);
  assert.deepEqual(["a", "b", "c"].map((who) => line.waitMs(who, 0)), [60_000, 120_000, 180_000]);
  assert.equal(line.waitMs("b", 30_000), 90_000);
  assert.equal(line.size, 3);
  assert.equal(line.waitMs("a", 60_000), 0);
  line.take("a", 60_000, true);
  assert.equal(line.waitMs("a", 60_000), 180_000);
  assert.equal(line.waitMs("b", 120_000), 0);
});

Deno.test("who is late keeps its turn for a while, then the next in line may take it", () => {
  const line = turns();
  line.take("x", 0, true);
  line.waitMs("a", 0);
  line.waitMs("b", 0);
  assert.ok(line.waitMs("b", 64_999) > 0);
  assert.equal(line.waitMs("b", 65_000), 0);
  line.take("b", 65_000, true);
  // Its place is still the first one.
  assert.equal(line.waitMs("a", 70_000), 55_000);
});

Deno.test("who does not come back at all loses its place", () => {
  const line = turns();
  line.take("x", 0, true);
  line.waitMs("gone", 0);
  line.waitMs("b", 0);
  line.waitMs("c", 0);
  assert.equal(line.waitMs("b", 120_001), 0);
  line.take("b", 120_001, true);
  assert.equal(line.waitMs("c", 180_000), 1);
  assert.equal(line.size, 1);
});

Deno.test("whoever is served otherwise leaves the line", () => {
  const line = turns();
  line.take("x", 0, true);
  line.waitMs("a", 0);
  assert.equal(line.waitMs("b", 0), 120_000);
  line.take("a", 1_000, false);
  assert.equal(line.waitMs("b", 2_000), 58_000);
});

Deno.test("whoever comes when told: never more than one turn a minute, and as many for each", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed);
    const line = turns();
    const count = 2 + below(random, 6);
    const due = new Map(Array.from({ length: count }, (_, index) => [`l${index}`, below(random, 1_000)]));
    const served = new Map([...due.keys()].map((who) => [who, 0]));
    const times: number[] = [];
    for (;;) {
      const [who, now] = [...due].sort(([, a], [, b]) => a - b)[0]!;
      if (now > 60 * MINUTE) break;
      const wait = line.waitMs(who, now);
      if (wait === 0) {
        line.take(who, now, true);
        times.push(now);
        served.set(who, served.get(who)! + 1);
      }
      // At least a second later than told, at times.
      due.set(who, now + (wait === 0 ? MINUTE : wait) + below(random, 2_000));
    }
    const gaps = times.slice(1).map((time, index) => time - times[index]!);
    assert.ok(gaps.every((gap) => gap >= MINUTE), `seed ${seed}: ${Math.min(...gaps)}`);
    assert.ok(times.length >= 50, `seed ${seed}: ${times.length} turns`);
    const each = [...served.values()];
    assert.ok(Math.max(...each) - Math.min(...each) <= 2, `seed ${seed}: ${each}`);
  }
});
