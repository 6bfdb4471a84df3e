import assert from "node:assert/strict";
import { RateLimit } from "./rate.ts";

Deno.test("a caller may do much at once, and then as much as comes in", () => {
  let now = 0;
  const limit = new RateLimit({ rate: 2, burst: 3, now: () => now });
  assert.deepEqual([1, 2, 3, 4].map(() => limit.take("ann")), [0, 0, 0, 1]);
  assert.equal(limit.take("bob"), 0);
  now += 500;
  assert.deepEqual([limit.take("ann"), limit.take("ann")], [0, 1]);
  now += 60_000;
  assert.deepEqual([1, 2, 3, 4].map(() => limit.take("ann")), [0, 0, 0, 1]);
});

Deno.test("a batch costs what it holds, and no more than there can ever be", () => {
  let now = 0;
  const limit = new RateLimit({ rate: 1, burst: 10, now: () => now });
  assert.equal(limit.take("ann", 8), 0);
  assert.equal(limit.take("ann", 8), 6);
  now += 10_000;
  assert.equal(limit.take("ann", 50), 0);
});

Deno.test("without a limit there is none, and a clock that goes back gives nothing", () => {
  const none = new RateLimit({ rate: 0, burst: 0, now: () => 0 });
  assert.deepEqual([1, 2, 3].map(() => none.take("ann")), [0, 0, 0]);
  let now = 1_000;
  const limit = new RateLimit({ rate: 1, burst: 1, now: () => now });
  assert.equal(limit.take("ann"), 0);
  now = 0;
  assert.equal(limit.take("ann"), 1);
});

Deno.test("no more callers are remembered than there is room for", () => {
  const limit = new RateLimit({ rate: 1, burst: 1, now: () => 0 });
  limit.take("first");
  for (let at = 0; at < 10_000; at++) limit.take(`caller ${at}`);
  assert.equal(limit.take("first"), 0);
});
