import assert from "node:assert/strict";
import { below, pick, seededRandom } from "../../telemetry/testing/random.ts";
import { Places } from "./places.ts";

Deno.test("what is placed here and what the worker has are counted once", () => {
  const places = new Places();
  places.take("a");
  places.take("a");
  places.loaded(["a", "b", "b"]);
  assert.equal(places.size, 2);
  assert.equal(places.has("a"), true);
  assert.equal(places.has("b"), false);
  assert.deepEqual([...places.others], ["b"]);
  places.take("b");
  assert.deepEqual([...places.others], []);
  assert.equal(places.size, 2);
});

Deno.test("a session that is being made stays, though the worker does not know it yet", () => {
  const places = new Places();
  places.take("a");
  places.loaded([]);
  assert.equal(places.size, 1);
});

Deno.test("what was let go may be in a load that was on its way, and counts again if it stays", () => {
  const places = new Places();
  places.take("a");
  places.release("a");
  assert.equal(places.size, 0);
  places.loaded(["a"]);
  assert.equal(places.size, 0);
  places.loaded(["a"]);
  assert.equal(places.size, 0);
  places.loaded(["a"]);
  assert.deepEqual([...places.others], ["a"]);
});

Deno.test("one that is taken again after it was let go is there", () => {
  const places = new Places();
  places.take("a");
  places.release("a");
  places.take("a");
  places.loaded(["a"]);
  assert.equal(places.size, 1);
  assert.deepEqual([...places.others], []);
});

Deno.test("others can be let go as well, and nothing is let go twice", () => {
  const places = new Places();
  places.loaded(["a"]);
  places.release("a");
  places.release("a");
  places.release("never");
  assert.equal(places.size, 0);
  places.loaded(["a", "never"]);
  assert.deepEqual([...places.others], ["never"]);
});

Deno.test("whatever happens, what is placed is counted, and what is gone for long is not", () => {
  const random = seededRandom(11);
  const ids = ["a", "b", "c", "d", "e"];
  const places = new Places();
  const placed = new Set<string>();
  const atWorker = new Set<string>();
  for (let step = 0; step < 5_000; step++) {
    const id = pick(random, ids);
    switch (below(random, 3)) {
      case 0:
        places.take(id);
        placed.add(id);
        atWorker.add(id);
        break;
      case 1:
        places.release(id);
        placed.delete(id);
        atWorker.delete(id);
        break;
      default:
        places.loaded([...atWorker]);
        assert.deepEqual([...places.others], []);
    }
    assert.equal(places.size, placed.size);
    for (const one of ids) assert.equal(places.has(one), placed.has(one));
  }
});
