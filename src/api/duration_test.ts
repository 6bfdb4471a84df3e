import assert from "node:assert/strict";
import { DURATION, duration, durationMs } from "./duration.ts";

Deno.test("hours, minutes and seconds add up", () => {
  assert.equal(durationMs("2160h"), 90 * 24 * 3_600_000);
  assert.equal(durationMs("1h30m"), 5_400_000);
  assert.equal(durationMs("90s"), 90_000);
  assert.equal(durationMs("1h1m1s"), 3_661_000);
  assert.equal(durationMs("0s"), 0);
});

Deno.test("text of another form is no duration", () => {
  for (const text of ["", "90d", "h", "1.5h", "-1h", "1m1h", " 1h", "1h ", "1000000h"]) {
    assert.equal(durationMs(text), undefined, JSON.stringify(text));
  }
});

Deno.test("the pattern of the CRD lets the empty text pass, which means none", () => {
  assert.match("", new RegExp(DURATION));
  assert.match("999999h", new RegExp(DURATION));
});

Deno.test("a field of a duration tells the API server its form, and its own rules beside", () => {
  const rules = [{ rule: "true", message: "any" }];
  const { description, pattern, maxLength, "x-kubernetes-validations": given } =
    duration("How long.", { "x-kubernetes-validations": rules }).meta() ?? {};
  assert.deepEqual([description, pattern, given], ["How long.", DURATION, rules]);
  assert.equal(maxLength, "999999h999999m999999s".length);
});
