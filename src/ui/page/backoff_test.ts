import { deepEqual, equal } from "node:assert/strict";
import { backoff, pause, retryAfter } from "./backoff.js";

Deno.test("waits double up to half a minute, half of each by chance", () => {
  deepEqual([1, 2, 3, 4].map((failures) => backoff(failures, 1)), [500, 1_000, 2_000, 4_000]);
  deepEqual([1, 2, 3, 4].map((failures) => backoff(failures, 0)), [250, 500, 1_000, 2_000]);
  equal(backoff(7, 1), 30_000);
  equal(backoff(1_000_000, 1), 30_000);
});

Deno.test("a server's wish is kept within reason", () => {
  const now = Date.UTC(2026, 10, 22, 12);
  equal(retryAfter("10", now), 10_000);
  equal(retryAfter("Sun, 22 Nov 2026 12:00:20 GMT", now), 20_000);
  equal(retryAfter("999999999", now), 300_000);
  for (const header of [null, "", " ", "soon", "-5", "Sun, 22 Nov 2020 12:00:20 GMT"]) {
    equal(retryAfter(header, now), 0);
  }
});

Deno.test("a wait ends by itself, by an abort, and by somebody who wants it now", async () => {
  const never = new AbortController().signal;
  await pause(1, never);
  const early = new EventTarget();
  const woken = pause(1e8, never, early);
  early.dispatchEvent(new Event("wake"));
  await woken;
  const abort = new AbortController();
  const aborted = pause(1e8, abort.signal);
  abort.abort();
  await aborted;
  await pause(1e8, abort.signal);
});
