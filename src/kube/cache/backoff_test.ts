import assert from "node:assert/strict";
import { backoffDelay, MAX_RETRY_AFTER_MS } from "./backoff.ts";

const middle = () => 0.5;

Deno.test("backoffDelay() doubles from 0.8 s up to 30 s", () => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 8, 40, 5000].map((failures) => backoffDelay(failures, {}, middle));
  assert.deepEqual(waits, [800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000, 30_000, 30_000]);
});

Deno.test("backoffDelay() treats no failure like the first", () => {
  assert.equal(backoffDelay(0, {}, middle), 800);
});

Deno.test("backoffDelay() spreads every wait by the jitter to both sides", () => {
  assert.equal(backoffDelay(1, { jitter: 0.25 }, () => 0), 600);
  assert.equal(backoffDelay(1, { jitter: 0.25 }, () => 1), 1000);
  assert.equal(backoffDelay(1, { jitter: 0 }, () => 1), 800);
});

Deno.test("backoffDelay() follows its own start, factor and limit", () => {
  const options = { initialMs: 10, factor: 3, maxMs: 100, jitter: 0 };
  assert.deepEqual([1, 2, 3, 4].map((failures) => backoffDelay(failures, options)), [10, 30, 90, 100]);
});

Deno.test("backoffDelay() never waits less than the server asked for", () => {
  assert.equal(backoffDelay(1, {}, () => 0, 5000), 5000);
  assert.equal(backoffDelay(1, {}, () => 1, 5000), 6250);
});

Deno.test("backoffDelay() keeps its own wait where the server asked for less", () => {
  assert.equal(backoffDelay(4, {}, middle, 1000), 6400);
});

Deno.test("backoffDelay() does not let a server stop it for ever", () => {
  assert.equal(backoffDelay(1, {}, () => 0, 86_400_000), MAX_RETRY_AFTER_MS);
});
