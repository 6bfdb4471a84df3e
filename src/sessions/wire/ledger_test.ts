import assert from "node:assert/strict";
import type { TaskOutcome } from "../link.ts";
import { Ledger } from "./ledger.ts";

const done: TaskOutcome = { ok: true, output: {} };
const failed: TaskOutcome = { ok: false, code: "failed", message: "no" };

Deno.test("a number is taken once, and no lower one after it", () => {
  const ledger = new Ledger();
  assert.equal(ledger.last, 0);
  assert.equal(ledger.take(1), true);
  assert.equal(ledger.take(1), false);
  assert.equal(ledger.take(5), true);
  assert.equal(ledger.take(3), false);
  assert.equal(ledger.last, 5);
  assert.equal(ledger.running, 2);
});

Deno.test("what has finished is not taken again, acknowledged or not", () => {
  const ledger = new Ledger();
  ledger.take(1);
  assert.equal(ledger.finish(1, done), true);
  assert.equal(ledger.take(1), false);
  ledger.acknowledged(1);
  assert.equal(ledger.take(1), false);
});

Deno.test("outcomes are kept until they are acknowledged, in the order in which they came", () => {
  const ledger = new Ledger();
  for (const number of [1, 2, 3]) ledger.take(number);
  ledger.finish(3, done);
  ledger.finish(1, failed);
  assert.deepEqual(ledger.unacknowledged(), [3, 1]);
  assert.equal(ledger.outcome(1), failed);
  assert.equal(ledger.outcome(2), undefined);
  ledger.acknowledged(3);
  ledger.acknowledged(3);
  assert.deepEqual(ledger.unacknowledged(), [1]);
  assert.equal(ledger.isSettled, false);
  ledger.acknowledged(1);
  assert.equal(ledger.isSettled, false);
  ledger.finish(2, done);
  ledger.acknowledged(2);
  assert.equal(ledger.isSettled, true);
});

Deno.test("only the first outcome of what runs counts", () => {
  const ledger = new Ledger();
  assert.equal(ledger.finish(1, done), false);
  ledger.take(1);
  assert.equal(ledger.finish(1, done), true);
  assert.equal(ledger.finish(1, failed), false);
  assert.equal(ledger.outcome(1), done);
});

Deno.test("an outcome that cannot be sent is replaced, one that is gone is not", () => {
  const ledger = new Ledger();
  ledger.take(1);
  ledger.finish(1, done);
  ledger.replace(1, failed);
  assert.equal(ledger.outcome(1), failed);
  ledger.acknowledged(1);
  ledger.replace(1, done);
  assert.equal(ledger.outcome(1), undefined);
  assert.deepEqual(ledger.unacknowledged(), []);
});
