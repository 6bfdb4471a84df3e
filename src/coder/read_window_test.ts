import assert from "node:assert/strict";
import { below, seededRandom } from "../telemetry/testing/random.ts";
import { ReadWindow } from "./read_window.ts";

const sized = (bytes: number) => new Uint8Array(bytes);

/** How many messages of so many bytes it takes until it is full. */
function fill(window: ReadWindow, bytes: number): number {
  let count = 0;
  for (; !window.isFull && count < 1_000_000; count++) window.push(sized(bytes));
  return count;
}

Deno.test("messages come out in the order in which they went in, each once", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = seededRandom(seed);
    const window = new ReadWindow(4_096);
    const expected: Uint8Array[] = [];
    for (let step = 0; step < 500; step++) {
      if (below(random, 2) === 0) {
        const message = sized(1 + below(random, 1_000));
        expected.push(message);
        window.push(message);
      } else assert.equal(window.take(), expected.shift(), `seed ${seed}, step ${step}`);
      const held = expected.reduce((sum, { byteLength }) => sum + byteLength + 256, 0);
      assert.equal(window.isFull, held >= 4_096, `seed ${seed}, step ${step}`);
      assert.equal(window.hasRoom, held < 2_048, `seed ${seed}, step ${step}`);
    }
  }
});

Deno.test("a message counts by its bytes, and by itself", () => {
  assert.equal(fill(new ReadWindow(262_144), 65_536), 4);
  assert.equal(fill(new ReadWindow(262_144), 1), 1_021);
  assert.equal(fill(new ReadWindow(262_144), 262_144), 1);
});

Deno.test("what is taken makes as much room as it took, however often", () => {
  const window = new ReadWindow(65_536);
  const most = fill(window, 1);
  for (let round = 0; round < 100; round++) {
    for (let taken = 0; taken < most; taken++) {
      assert.equal(window.hasRoom, most - taken < 128, `${taken} were taken in round ${round}`);
      assert.equal(window.take()?.byteLength, 1);
    }
    assert.equal(window.take(), undefined);
    assert.equal(fill(window, 1), most, `round ${round}`);
  }
});

Deno.test("one that is never empty keeps its order", () => {
  const window = new ReadWindow(1_024);
  window.push(sized(1));
  for (let number = 2; number < 10_000; number++) {
    window.push(sized(number));
    assert.equal(window.take()?.byteLength, number - 1);
  }
});

Deno.test("what is forgotten takes no room, and what comes then is the first", () => {
  const window = new ReadWindow(1_024);
  for (let count = 0; count < 10; count++) window.push(sized(100));
  window.take();
  window.clear();
  assert.equal(window.isFull, false);
  assert.equal(window.hasRoom, true);
  assert.equal(window.take(), undefined);
  window.push(sized(7));
  assert.equal(window.take()?.byteLength, 7);
});
