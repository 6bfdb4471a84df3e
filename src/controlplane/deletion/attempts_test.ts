import assert from "node:assert/strict";
import { Attempts } from "./attempts.ts";

Deno.test("what was never tried is due, and a failure of others is worth a try at once", () => {
  const attempts = new Attempts();
  assert.equal(attempts.isDue("a", 0), true);
  assert.equal(attempts.fail("a", "no", 0), false);
  assert.equal(attempts.isDue("a", 0), true);
  assert.equal(attempts.failure("a"), undefined);
});

Deno.test("waits double up to five minutes", () => {
  const attempts = new Attempts();
  const waits: number[] = [];
  for (let i = 0; i < 40; i++) {
    attempts.begin("a");
    assert.equal(attempts.fail("a", `no ${i}`, 1_000), true);
    let ms = 0;
    while (!attempts.isDue("a", 1_000 + ms)) ms += 10_000;
    waits.push(ms);
  }
  assert.deepEqual(waits.slice(0, 7), [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
  assert.equal(waits.at(-1), 300_000);
  const failure = attempts.failure("a");
  assert.deepEqual([failure?.failures, failure?.message], [40, "no 39"]);
});

Deno.test("one failure counts once, however often it is seen", () => {
  const attempts = new Attempts();
  attempts.begin("a");
  assert.deepEqual([attempts.fail("a", "no", 0), attempts.fail("a", "no", 5_000)], [true, false]);
  assert.equal(attempts.isDue("a", 10_000), true);
});

Deno.test("what is gone is forgotten", () => {
  const attempts = new Attempts();
  for (const id of ["a", "b"]) {
    attempts.begin(id);
    attempts.fail(id, "no", 0);
  }
  attempts.begin("c");
  attempts.keep(new Set(["b"]));
  assert.deepEqual([attempts.failure("a"), attempts.failure("b")?.failures], [undefined, 1]);
  assert.equal(attempts.fail("c", "no", 0), false);
});
