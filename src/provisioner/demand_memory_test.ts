import assert from "node:assert/strict";
import { below, seededRandom } from "../telemetry/testing/random.ts";
import { type DemandMemory, remember } from "./demand_memory.ts";

const at = (now: number, delayMs = 100) => ({ now, delayMs });

Deno.test("a higher demand replaces what was lower before", () => {
  const memory = remember(remember([], 2, at(0)), 5, at(10));
  assert.deepEqual(memory, [{ demand: 5, at: 10 }]);
});

Deno.test("a lower demand stands beside the higher one until that is old enough", () => {
  const memory = remember(remember([], 5, at(0)), 2, at(10));
  assert.deepEqual(memory, [{ demand: 5, at: 0 }, { demand: 2, at: 10 }]);
  assert.deepEqual(remember(memory, 1, at(99)).map(({ demand }) => demand), [5, 2, 1]);
  assert.deepEqual(remember(memory, 1, at(100)).map(({ demand }) => demand), [2, 1]);
});

Deno.test("the same demand again renews its time", () => {
  assert.deepEqual(remember([{ demand: 3, at: 0 }], 3, at(50)), [{ demand: 3, at: 50 }]);
});

Deno.test("without a delay there is nothing to remember", () => {
  assert.deepEqual(remember([{ demand: 9, at: 10 }], 1, at(10, 0)), [{ demand: 1, at: 10 }]);
});

Deno.test("a clock that was set back makes nothing last longer than the delay", () => {
  const memory = remember([{ demand: 9, at: 5_000 }], 1, at(10));
  assert.deepEqual(memory, [{ demand: 9, at: 10 }, { demand: 1, at: 10 }]);
  assert.deepEqual(remember(memory, 1, at(110)).map(({ demand }) => demand), [1]);
});

Deno.test("the first level is always the most that was asked for within the delay", () => {
  for (let seed = 0; seed < 50; seed++) {
    const random = seededRandom(seed);
    const samples: { demand: number; at: number }[] = [];
    let memory: DemandMemory = [];
    let now = 0;
    for (let i = 0; i < 200; i++) {
      now += below(random, 40);
      const demand = below(random, 12);
      samples.push({ demand, at: now });
      memory = remember(memory, demand, at(now));
      const recent = samples.filter((sample) => now - sample.at < 100).map((sample) => sample.demand);
      assert.equal(memory[0]?.demand, Math.max(...recent), `seed ${seed}, sample ${i}`);
      assert.ok(memory.length <= 12, `seed ${seed}: ${memory.length} levels`);
    }
  }
});
