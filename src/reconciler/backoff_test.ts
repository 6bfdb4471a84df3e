import assert from "node:assert/strict";
import { backoffMs } from "./backoff.ts";
import { seededRandom } from "../telemetry/testing/random.ts";

Deno.test("the wait doubles with every failure up to the cap", () => {
  const waits = Array.from({ length: 20 }, (_, index) => backoffMs(index + 1, {}, () => 1));
  assert.deepEqual(waits.slice(0, 5), [5, 10, 20, 40, 80]);
  assert.equal(waits[8], 1_280);
  assert.deepEqual(waits.slice(16), [300_000, 300_000, 300_000, 300_000]);
});

Deno.test("jitter takes between a half and the whole of the wait, never more than the cap", () => {
  const random = seededRandom(7);
  const seen = new Set<number>();
  for (let failures = 1; failures < 2_000; failures++) {
    const full = backoffMs(failures, {}, () => 1);
    const wait = backoffMs(failures, {}, random);
    assert.ok(wait >= full / 2 && wait <= full && wait <= 300_000, `${failures}: ${wait} of ${full}`);
    seen.add(wait / full);
  }
  assert.ok(seen.size > 1_900, "the waits differ");
});

Deno.test("base and cap can be chosen, and odd counts of failures do no harm", () => {
  assert.equal(backoffMs(3, { baseMs: 100, capMs: 250 }, () => 1), 250);
  assert.equal(backoffMs(2, { baseMs: 100, capMs: 250 }, () => 0), 100);
  assert.equal(backoffMs(0, {}, () => 1), 5);
  assert.equal(backoffMs(Infinity, {}, () => 1), 300_000);
});
