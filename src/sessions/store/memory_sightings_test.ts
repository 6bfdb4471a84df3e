import assert from "node:assert/strict";
import { MemorySightings } from "./memory_sightings.ts";
import { GONE_MS } from "./sighting_rules.ts";
import { testSightings } from "./sightings_suite.ts";

testSightings({
  name: "sightings in memory",
  use: (run) => {
    const sightings = new MemorySightings();
    return run(sightings, sightings);
  },
});

Deno.test("sightings in memory: to the millisecond", async () => {
  const time = { now: 1_000 };
  const sightings = new MemorySightings({ now: () => time.now });
  const { signal } = new AbortController();
  const worker = { id: "w1", incarnation: "i1" };
  await sightings.heard([worker], 500, signal);
  time.now = 1_499;
  assert.equal(await sightings.isHeard(worker, signal), true);
  time.now = 1_500;
  assert.equal(await sightings.isHeard(worker, signal), false);
  await sightings.gone(worker, signal);
  time.now += GONE_MS - 1;
  await sightings.heard([worker], 500, signal);
  assert.equal(await sightings.isHeard(worker, signal), false);
  time.now++;
  await sightings.heard([worker], 500, signal);
  assert.equal(await sightings.isHeard(worker, signal), true);
});
