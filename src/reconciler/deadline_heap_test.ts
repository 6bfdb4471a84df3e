import assert from "node:assert/strict";
import { below, seededRandom } from "../telemetry/testing/random.ts";
import { DeadlineHeap } from "./deadline_heap.ts";

Deno.test("entries come out in the order of their due times, and not before", () => {
  const heap = new DeadlineHeap<string>(() => true);
  heap.push("c", 30);
  heap.push("a", 10);
  heap.push("b", 20);
  assert.equal(heap.nextDue(), 10);
  assert.equal(heap.takeDue(9), undefined);
  assert.deepEqual([heap.takeDue(25), heap.takeDue(25), heap.takeDue(25)], ["a", "b", undefined]);
  assert.equal(heap.nextDue(), 30);
  heap.clear();
  assert.equal(heap.nextDue(), undefined);
});

Deno.test("outdated entries are skipped", () => {
  const current = new Map([["a", 10], ["b", 20]]);
  const heap = new DeadlineHeap<string>((item, due) => current.get(item) === due);
  heap.push("a", 10);
  heap.push("b", 20);
  current.set("a", 15);
  heap.push("a", 15);
  assert.equal(heap.nextDue(), 15);
  assert.deepEqual([heap.takeDue(99), heap.takeDue(99), heap.takeDue(99)], ["a", "b", undefined]);
});

Deno.test("outdated entries do not pile up, however often an entry is moved", () => {
  const current = new Map<number, number>();
  const heap = new DeadlineHeap<number>((item, due) => current.get(item) === due);
  for (let round = 0; round < 10_000; round++) {
    const item = round % 50;
    current.set(item, 1_000_000 + round);
    heap.push(item, 1_000_000 + round);
    assert.ok(heap.size <= 128, `${heap.size} entries for 50 items`);
  }
});

Deno.test("against a sorted list, for many random histories", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = seededRandom(seed);
    const heap = new DeadlineHeap<number>((item) => live.has(item));
    const live = new Map<number, number>();
    let item = 0;
    for (let step = 0; step < 300; step++) {
      const choice = random();
      if (choice < 0.6) {
        live.set(item, below(random, 100));
        heap.push(item, live.get(item)!);
        item++;
      } else if (choice < 0.75) {
        const first = live.keys().next().value;
        if (first !== undefined) live.delete(first);
      } else {
        const now = below(random, 100);
        const taken = heap.takeDue(now);
        const least = Math.min(...live.values());
        if (least <= now) {
          assert.equal(live.get(taken!), least, `seed ${seed} step ${step}`);
          live.delete(taken!);
        } else {
          assert.equal(taken, undefined, `seed ${seed} step ${step}`);
        }
      }
    }
  }
});
