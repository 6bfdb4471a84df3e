import assert from "node:assert/strict";
import { below, pick, seededRandom } from "../telemetry/testing/random.ts";
import { ReadyLines } from "./ready_lines.ts";

Deno.test("the highest priority goes first, first come first served within one", () => {
  const lines = new ReadyLines<string>();
  lines.add("low", -100);
  lines.add("a", 0);
  lines.add("b", 0);
  lines.add("urgent", 10);
  assert.equal(lines.size, 4);
  assert.equal(lines.peek(), "urgent");
  assert.deepEqual([1, 2, 3, 4, 5].map(() => lines.take()), ["urgent", "a", "b", "low", undefined]);
  assert.equal(lines.peek(), undefined);
});

Deno.test("an item that moves goes to the end of its new line", () => {
  const lines = new ReadyLines<string>();
  lines.add("a", -100);
  lines.add("b", 0);
  lines.move("a", -100, 0);
  lines.move("b", 0, 0);
  lines.move("not there", -100, 0);
  assert.equal(lines.size, 2);
  assert.deepEqual([lines.take(), lines.take()], ["b", "a"]);
});

Deno.test("depths are told by line, also for lines that are empty now", () => {
  const lines = new ReadyLines<string>();
  lines.add("a", 0);
  lines.add("b", -100);
  lines.take();
  assert.deepEqual([...lines.depths()].sort(), [[-100, 1], [0, 0]]);
  lines.clear();
  assert.equal(lines.size, 0);
  assert.equal(lines.take(), undefined);
});

Deno.test("against a plain list, for many random histories", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = seededRandom(seed);
    const lines = new ReadyLines<number>();
    let model: { item: number; priority: number }[] = [];
    for (let step = 0; step < 500; step++) {
      const choice = below(random, 10);
      if (choice < 5) {
        const priority = pick(random, [-100, 0, 7]);
        lines.add(step, priority);
        model.push({ item: step, priority });
      } else if (choice < 6 && model.length > 0) {
        const moved = pick(random, model);
        const to = pick(random, [-100, 0, 7]);
        lines.move(moved.item, moved.priority, to);
        if (to !== moved.priority) {
          model = [...model.filter((one) => one !== moved), { item: moved.item, priority: to }];
        }
      } else if (choice === 6 && random() < 0.05) {
        lines.clear();
        model = [];
      } else {
        const highest = Math.max(...model.map(({ priority }) => priority));
        const first = model.find(({ priority }) => priority === highest);
        assert.equal(lines.peek(), first?.item, `seed ${seed} step ${step}`);
        assert.equal(lines.take(), first?.item, `seed ${seed} step ${step}`);
        model = model.filter((one) => one !== first);
      }
      assert.equal(lines.size, model.length);
    }
  }
});

Deno.test("taking from a long line does not become slower with its length", () => {
  const lines = new ReadyLines<number>();
  const start = performance.now();
  for (let item = 0; item < 600_000; item++) lines.add(item, 0);
  for (let item = 0; item < 600_000; item++) assert.equal(lines.take(), item);
  const took = performance.now() - start;
  // Walking over the gaps each time takes half a minute and more.
  assert.ok(took < 15_000, `${took.toFixed(0)} ms`);
});
