import assert from "node:assert/strict";
import type { TaskEvent } from "../link.ts";
import { Outbox } from "./outbox.ts";

const progress = (message: string): TaskEvent => ({ kind: "progress", done: 1, message });
const output = (text: string): TaskEvent => ({ kind: "output", stream: "stdout", text });

function all(outbox: Outbox): string[] {
  const told: string[] = [];
  for (let next = outbox.shift(); next !== undefined; next = outbox.shift()) {
    if (next.kind === "outcome") told.push(`outcome ${next.number}`);
    else told.push(`${next.number} ${next.event.kind === "output" ? next.event.text : next.event.message}`);
  }
  return told;
}

Deno.test("what comes first goes first, events before the outcome of their task", () => {
  const outbox = new Outbox(1_000_000);
  outbox.event(1, output("a"));
  outbox.event(2, progress("b"));
  outbox.outcome(2);
  outbox.event(1, output("c"));
  outbox.outcome(1);
  assert.equal(outbox.size, 5);
  assert.deepEqual(all(outbox), ["1 a", "2 b", "outcome 2", "1 c", "outcome 1"]);
  assert.equal(outbox.bytes, 0);
  assert.equal(outbox.shift(), undefined);
});

Deno.test("beyond the limit progress goes first, then the oldest output, and never an outcome", () => {
  const outbox = new Outbox(4_000);
  outbox.event(1, output("first"));
  outbox.event(1, progress("p"));
  outbox.outcome(9);
  for (let count = 0; count < 10; count++) outbox.event(1, output(String(count)));
  for (let count = 0; count < 30; count++) outbox.event(1, progress("more"));
  assert.equal(outbox.dropped.output, 0);
  assert.ok(outbox.dropped.progress > 0);
  assert.ok(outbox.bytes <= 4_000);
  for (let count = 0; count < 30; count++) outbox.event(1, output("x".repeat(10)));
  assert.ok(outbox.dropped.output > 0);
  assert.ok(outbox.bytes <= 4_000);
  const told = all(outbox);
  assert.ok(told.includes("outcome 9"));
  assert.ok(!told.includes("1 first"), "the oldest output went first");
  assert.equal(told.at(-1), "1 xxxxxxxxxx");
});

Deno.test("how much output is missing is told in its place, once", () => {
  const outbox = new Outbox(1_000);
  outbox.event(1, output("a".repeat(400)));
  outbox.event(1, output("b".repeat(300)));
  outbox.outcome(1);
  const told = all(outbox);
  assert.equal(told.length, 3);
  assert.match(told[0]!, /^1 400 characters of output are not shown here/);
  assert.deepEqual(told.slice(1), [`1 ${"b".repeat(300)}`, "outcome 1"]);
});

Deno.test("with a new stream outcomes are those that are not acknowledged, after all events", () => {
  const outbox = new Outbox(1_000_000);
  outbox.outcome(1);
  outbox.event(2, output("a"));
  outbox.outcome(2);
  outbox.requeue([5, 2]);
  assert.deepEqual(all(outbox), ["2 a", "outcome 5", "outcome 2"]);
});

Deno.test("one event beyond the limit is dropped, and its size is counted", () => {
  const outbox = new Outbox(100);
  outbox.event(1, output("a".repeat(1_000)));
  assert.equal(outbox.size, 0);
  assert.equal(outbox.bytes, 0);
  outbox.outcome(1);
  assert.match(all(outbox)[0]!, /1000 characters/);
});

Deno.test("cleared is empty, also of what was dropped", () => {
  const outbox = new Outbox(500);
  for (let count = 0; count < 10; count++) outbox.event(1, output("aaaa"));
  outbox.clear();
  assert.equal(outbox.size + outbox.bytes, 0);
  outbox.outcome(1);
  assert.deepEqual(all(outbox), ["outcome 1"]);
});
