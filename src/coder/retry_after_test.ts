import assert from "node:assert/strict";
import { headerOf, MAX_RETRY_AFTER_MS, retryAfterMs } from "./retry_after.ts";

Deno.test("seconds are read as such", () => {
  assert.equal(retryAfterMs({ "retry-after": "60" }), 60_000);
  assert.equal(retryAfterMs({ "retry-after": " 0 " }), 0);
  assert.equal(retryAfterMs({ "retry-after": "1.5" }), 1_500);
});

Deno.test("a date is read against the answer's own clock", () => {
  const headers = { "retry-after": "Sat, 21 Nov 2026 10:01:00 GMT", "date": "Sat, 21 Nov 2026 10:00:15 GMT" };
  assert.equal(retryAfterMs(headers, () => 0), 45_000);
});

Deno.test("a date without the answer's clock is read against ours", () => {
  const now = Date.parse("Sat, 21 Nov 2026 10:00:30 GMT");
  assert.equal(retryAfterMs({ "retry-after": "Sat, 21 Nov 2026 10:01:00 GMT" }, () => now), 30_000);
});

Deno.test("a date in the past means now", () => {
  const now = Date.parse("Sat, 21 Nov 2026 10:02:00 GMT");
  assert.equal(retryAfterMs({ "retry-after": "Sat, 21 Nov 2026 10:01:00 GMT" }, () => now), 0);
});

Deno.test("nonsense and absence are undefined", () => {
  for (const value of ["", "soon", "-5", "NaN", "1e9", "Infinity"]) {
    assert.equal(retryAfterMs({ "retry-after": value }), undefined, value);
  }
  assert.equal(retryAfterMs({}), undefined);
});

Deno.test("no server can silence us for longer than ten minutes", () => {
  assert.equal(retryAfterMs({ "retry-after": "999999999999" }), MAX_RETRY_AFTER_MS);
  assert.equal(retryAfterMs({ "retry-after": "Sat, 21 Nov 2099 10:01:00 GMT" }, () => 0), MAX_RETRY_AFTER_MS);
});

Deno.test("of a header that came several times the first counts", () => {
  assert.equal(headerOf({ a: ["1", "2"] }, "a"), "1");
  assert.equal(retryAfterMs({ "retry-after": ["3", "9"] }), 3_000);
  assert.equal(headerOf({}, "a"), undefined);
});
