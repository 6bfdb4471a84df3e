import assert from "node:assert/strict";
import { Budget } from "./budget.ts";

Deno.test("a session takes what fits, and its first whatever it is", () => {
  const budget = new Budget(10, 100);
  const first = budget.take("a", 50);
  assert.ok(first !== undefined);
  assert.equal(budget.take("a", 1), undefined);
  first();
  const some = [budget.take("a", 4), budget.take("a", 6)];
  assert.ok(some.every((one) => one !== undefined));
  assert.equal(budget.take("a", 1), undefined);
  assert.ok(budget.take("b", 10) !== undefined, "another one's is its own");
});

Deno.test("all together take what fits", () => {
  const budget = new Budget(10, 15);
  const one = budget.take("a", 10);
  assert.equal(budget.take("b", 6), undefined);
  assert.ok(budget.take("b", 5) !== undefined);
  one?.();
  assert.ok(budget.take("c", 10) !== undefined);
});

Deno.test("what is given back twice counts once", () => {
  const budget = new Budget(10, 10);
  const one = budget.take("a", 6);
  const other = budget.take("a", 4);
  one?.();
  one?.();
  assert.equal(budget.take("a", 7), undefined);
  other?.();
  assert.ok(budget.take("a", 10) !== undefined);
});

Deno.test("what is nothing takes nothing, however often", () => {
  const budget = new Budget(10, 10);
  const all = Array.from({ length: 20 }, () => budget.take("a", 0));
  for (const one of all) one?.();
  assert.ok(budget.take("a", 5) !== undefined);
  assert.ok(budget.take("a", 5) !== undefined);
});
