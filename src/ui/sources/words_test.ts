import assert from "node:assert/strict";
import { conditionsOf, countOf, shareOf, textOf, timeOf } from "./words.ts";

Deno.test("texts are texts, and no longer than they may be", () => {
  assert.equal(textOf("as it is"), "as it is");
  for (const value of [undefined, null, 7, {}, []]) assert.equal(textOf(value), "");
  assert.equal(textOf("x".repeat(3_000)).length, 2_000);
  assert.equal(textOf("abcdef", 4), "abc…");
  assert.ok(textOf(`${"x".repeat(8)}😀😀`, 10).isWellFormed(), "no half characters");
});

Deno.test("times are in UTC, and what is none is empty", () => {
  assert.equal(timeOf("2026-11-22T05:00:00+01:00"), "2026-11-22T04:00:00.000Z");
  assert.equal(timeOf(1_795_320_000_000), new Date(1_795_320_000_000).toISOString());
  for (const value of ["", "0001-01-01T00:00:00Z", "yesterday", 0, NaN, 1e300, null, undefined, {}]) {
    assert.equal(timeOf(value), "", String(value));
  }
});

Deno.test("counts are numbers, and shares say of how many where that is known", () => {
  assert.deepEqual([countOf(3), countOf("3"), countOf(Infinity), countOf(undefined)], [3, 0, 0, 0]);
  assert.deepEqual([shareOf(1, 2), shareOf(undefined, 2), shareOf(1, undefined)], ["1/2", "0/2", "1"]);
});

Deno.test("conditions are those that have a form, and not without end", () => {
  assert.deepEqual(conditionsOf("none"), []);
  assert.deepEqual(
    conditionsOf([null, 7, { type: "Ready" }, { type: "Ready", status: "True", message: 9 }]),
    [
      { type: "Ready", status: "True", reason: "", message: "", since: "" },
    ],
  );
  const one = {
    type: "Ready",
    status: "False",
    reason: "NoSuch",
    message: "x".repeat(5_000),
    lastTransitionTime: "2026-11-22T04:00:00Z",
  };
  const [told] = conditionsOf([one]);
  assert.deepEqual([told?.message.length, told?.since], [2_000, "2026-11-22T04:00:00.000Z"]);
  assert.equal(conditionsOf(Array.from({ length: 500 }, () => one)).length, 50);
});
