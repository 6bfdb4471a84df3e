import assert from "node:assert/strict";
import { growth } from "./growth.ts";

Deno.test("a saw of garbage collection is flat, a leak is not", () => {
  const saw = Array.from({ length: 100 }, (_, i) => 100 + i % 5);
  assert.deepEqual(growth(saw), { first: 102, last: 102, most: 104 });
  const leak = saw.map((value, i) => value + i);
  const { first, last } = growth(leak);
  assert.ok(last - first > 70, `${first} to ${last}`);
});

Deno.test("one odd reading is not growth", () => {
  assert.deepEqual(growth([100, 100, 100, 100, 100, 100, 100, 100, 400, 100, 100, 100]), {
    first: 100,
    last: 100,
    most: 400,
  });
});

Deno.test("a single reading is its own first and last", () => {
  assert.deepEqual(growth([7]), { first: 7, last: 7, most: 7 });
  assert.deepEqual(growth([6, 8]), { first: 6, last: 8, most: 8 });
});

Deno.test("no readings tell nothing", () => {
  assert.throws(() => growth([]), /no readings/);
});
