import assert from "node:assert/strict";
import { type HistoryResult, runCrowd, runHistory } from "./history.ts";
import { wrongInLife } from "./life.ts";

async function all(
  run: (seed: number) => Promise<HistoryResult>,
  seeds: number,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let seed = 1; seed <= seeds; seed++) {
    const result = await run(seed);
    assert.deepEqual(result.wrong, [], `seed ${seed}\n${result.log.join("\n")}`);
    for (const [kind, count] of Object.entries(result.counts)) counts[kind] = (counts[kind] ?? 0) + count;
  }
  return counts;
}

Deno.test("whatever fails meanwhile, what was wished last holds in the end, and nothing is done twice", async () => {
  const counts = await all(runHistory, 150);
  // The histories are what they should be.
  assert.ok(counts["death"]! > 50, JSON.stringify(counts));
  assert.ok(counts["build"]! > 1_000, JSON.stringify(counts));
});

Deno.test("of many wishes at once at two replicas each is refused, or done or superseded, and nothing is done twice", async () => {
  const counts = await all(runCrowd, 150);
  assert.ok(counts["build"]! > 500, JSON.stringify(counts));
});

Deno.test("of many who create and delete one workspace there is one, stopped in the end, and one deletion", async () => {
  for (let seed = 1; seed <= 150; seed++) assert.deepEqual(await wrongInLife(seed), [], `seed ${seed}`);
});
