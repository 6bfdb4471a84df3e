import assert from "node:assert/strict";
import { DEFAULT_WAIT, nextInterval } from "./poll.ts";

Deno.test("intervals grow only after a while, and never beyond the longest", () => {
  const intervals: number[] = [];
  let last: number | undefined;
  for (let elapsed = 0; elapsed < 200_000; elapsed += last) {
    last = nextInterval(DEFAULT_WAIT, elapsed, last);
    intervals.push(last);
  }
  assert.equal(intervals.filter((ms) => ms === 2_000).length, 60);
  assert.deepEqual(intervals.slice(60, 64), [4_000, 8_000, 10_000, 10_000]);
  assert.equal(nextInterval({ ...DEFAULT_WAIT, backoffAfterMs: 0 }, 1e9, 2_000), 2_000);
});
