import assert from "node:assert/strict";
import { list, number, record, text, textRecord, texts, time } from "./foreign.ts";

const ODD = [
  null,
  undefined,
  "",
  "x",
  0,
  NaN,
  Infinity,
  true,
  [],
  [1],
  {},
  { a: 1 },
  Symbol.iterator,
  () => 1,
];

Deno.test("whatever the value is, it is read as what is asked for, and nothing throws", () => {
  for (const value of ODD) {
    assert.equal(typeof record(value), "object");
    assert.ok(!Array.isArray(record(value)));
    assert.ok(Array.isArray(list(value)));
    assert.equal(typeof text(value), "string");
    assert.ok(Number.isFinite(number(value)) && Number.isFinite(time(value)));
    assert.ok(texts(value).every((one) => typeof one === "string"));
    assert.ok(Object.values(textRecord(value)).every((one) => typeof one === "string"));
  }
});

Deno.test("what is as it should be stays as it is", () => {
  assert.deepEqual(record({ a: 1 }), { a: 1 });
  assert.deepEqual(list([1, "a"]), [1, "a"]);
  assert.equal(text("a"), "a");
  assert.equal(number(7), 7);
  assert.deepEqual(texts(["a", 1, "b", null]), ["a", "b"]);
  assert.deepEqual(textRecord({ cpu: 4, memory: "1Gi", odd: {}, none: null }), { cpu: "4", memory: "1Gi" });
  assert.equal(time("2026-11-22T08:00:00Z"), Date.UTC(2026, 10, 22, 8));
  assert.equal(time("soon"), 0);
});
