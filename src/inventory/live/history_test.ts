import assert from "node:assert/strict";
import { History } from "./history.ts";
import type { Change } from "./change.ts";

const SECOND = 1_000_000_000n;
const MINUTE = 60n * SECOND;
/** The start of all of these histories. Even, and so not stale. */
const T0 = 1_000_000n * SECOND;

const change = (name: number): Change<number> => ({ type: "ADDED", object: name });
const told = (history: History<number>, version: bigint, isStale = false) => {
  const since = history.since(version, isStale);
  return since.kind === "expired"
    ? "expired"
    : [since.kind, ...since.changes.map(({ change }) => change.object)];
};

Deno.test("after a version of ours comes exactly what followed it", () => {
  const history = new History<number>(T0);
  for (const at of [1, 2, 3]) {
    history.add({ version: T0 + BigInt(at) * MINUTE, change: change(at) });
    history.checkpoint(T0 + BigInt(at) * MINUTE + 1n);
  }
  assert.deepEqual(told(history, T0), ["exact", 1, 2, 3]);
  assert.deepEqual(told(history, T0 + 2n * MINUTE + 1n), ["exact", 3]);
  assert.deepEqual(told(history, T0 + 3n * MINUTE + 1n), ["exact"]);
});

Deno.test("the version of a change is not ours alone: another replica may have given it the same", () => {
  const history = new History<number>(T0, { overlapMs: 60_000 });
  for (const at of [1, 2, 3, 4]) history.add({ version: T0 + BigInt(at) * MINUTE, change: change(at) });
  assert.deepEqual(told(history, T0 + 3n * MINUTE), ["overlap", 3, 4]);
  assert.equal(history.isCheckpoint(T0), true);
  assert.equal(history.isCheckpoint(T0 + 3n * MINUTE), false);
});

Deno.test("of before the beginning, who has a version of a change is told what followed it", () => {
  const history = new History<number>(T0);
  for (const at of [1, 2]) history.add({ version: T0 + BigInt(at) * MINUTE, change: change(at) });
  history.beginAnew(T0 + 3n * MINUTE);
  assert.deepEqual(told(history, T0 + MINUTE), ["exact", 2]);
  assert.equal(told(history, T0 + MINUTE + 2n), "expired");
});

Deno.test("a checkpoint is a version of ours", () => {
  const history = new History<number>(T0);
  history.add({ version: T0 + 10n, change: change(1) });
  history.checkpoint(T0 + 20n);
  history.add({ version: T0 + 30n, change: change(2) });
  assert.deepEqual(told(history, T0 + 20n), ["exact", 2]);
});

Deno.test("after another replica's version comes what it may not have known, too", () => {
  const history = new History<number>(T0, { overlapMs: 60_000 });
  for (const at of [1, 2, 3, 4]) history.add({ version: T0 + BigInt(at) * MINUTE, change: change(at) });
  assert.deepEqual(told(history, T0 + 3n * MINUTE + 2n), ["overlap", 3, 4]);
  assert.deepEqual(told(history, T0 + 3n * MINUTE - 2n), ["overlap", 2, 3, 4]);
});

Deno.test("another replica's version from before our time is too old", () => {
  const history = new History<number>(T0);
  history.add({ version: T0 + 10n, change: change(1) });
  assert.equal(told(history, T0 - 2n), "expired");
  assert.deepEqual(told(history, T0 + 2n), ["overlap", 1]);
  history.beginAnew(T0 + MINUTE);
  assert.equal(told(history, T0 + 2n), "expired");
  assert.deepEqual(told(history, T0 + 10n), ["exact"]);
});

Deno.test("the version of a replica that was cut off is too old for one that is not", () => {
  const history = new History<number>(T0);
  history.add({ version: T0 + MINUTE, change: change(1) });
  const stale = T0 + 5n;
  assert.equal(told(history, stale), "expired");
  assert.deepEqual(told(history, stale, true), ["overlap", 1]);
});

Deno.test("what had to be given up is too old, and what is kept is not", () => {
  const history = new History<number>(T0, { size: 10, overlapMs: 1_000 });
  for (let at = 1; at <= 100; at++) {
    history.add({ version: T0 + BigInt(at) * MINUTE, change: change(at) });
    history.checkpoint(T0 + BigInt(at) * MINUTE + 1n);
  }
  assert.equal(history.length, 10);
  assert.equal(told(history, T0), "expired");
  assert.equal(told(history, T0 + 89n * MINUTE + 1n), "expired");
  assert.deepEqual(told(history, T0 + 90n * MINUTE + 1n)[0], "exact");
  assert.equal(told(history, T0 + 90n * MINUTE + 2n), "expired");
  assert.equal(told(history, T0 + 91n * MINUTE + 2n)[0], "overlap");
});

Deno.test("much that happens in a short time is kept longer, but not without end", () => {
  const history = new History<number>(T0, { size: 10, overlapMs: 60_000 });
  for (let at = 1; at <= 70; at++) history.add({ version: T0 + BigInt(at) * SECOND, change: change(at) });
  assert.equal(history.length, 70);
  for (let at = 71; at <= 200; at++) {
    history.add({ version: T0 + BigInt(at) * 70n * SECOND, change: change(at) });
  }
  assert.equal(history.length, 10);
  const burst = new History<number>(T0, { size: 10 });
  for (let at = 1; at <= 500; at++) burst.add({ version: T0 + BigInt(at) * 2n, change: change(at) });
  assert.equal(burst.length, 160);
});

Deno.test("of very many checkpoints the old ones are forgotten, and versions then count as another replica's", () => {
  const history = new History<number>(T0);
  for (let at = 1; at <= 5_000; at++) history.checkpoint(T0 + BigInt(at) * 2n);
  history.add({ version: T0 + MINUTE, change: change(1) });
  assert.deepEqual(told(history, T0 + 10_000n), ["exact", 1]);
  assert.deepEqual(told(history, T0 + 20n), ["overlap", 1]);
});
