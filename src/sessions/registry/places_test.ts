import assert from "node:assert/strict";
import { below, pick, seededRandom } from "../../telemetry/testing/random.ts";
import { Places } from "./places.ts";

Deno.test("what is placed here and what the worker has are counted once", () => {
  const places = new Places();
  places.take("a");
  places.take("a");
  places.loaded(["a", "b", "b"]);
  assert.equal(places.size, 2);
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

Deno.test("while it is opened, nothing takes its place away", () => {
  const places = new Places();
  places.open("a");
  places.release("a");
  places.closing("a");
  places.closed("a", true);
  places.closing("a");
  places.closed("a", false);
  places.open("a");
  places.opened("a");
  places.release("a");
  assert.equal(places.size, 1);
  places.opened("a");
  places.release("a");
  assert.equal(places.size, 0);
  places.opened("a");
  places.open("a");
  places.release("a");
  assert.equal(places.size, 1);
});

Deno.test("it is being closed as long as one of all who do that is at it", () => {
  const places = new Places();
  places.take("a");
  places.closing("a");
  places.closing("a");
  places.closed("a", true);
  assert.equal(places.isClosing("a"), true);
  assert.equal(places.size, 0);
  places.closed("a", true);
  assert.equal(places.isClosing("a"), false);
});

Deno.test("where it is not known whether it was closed, the worker's next load says so", () => {
  const places = new Places();
  for (const id of ["a", "b"]) {
    places.take(id);
    places.closing(id);
    places.closed(id, false);
  }
  assert.equal(places.size, 2);
  places.loaded(["b"]);
  assert.deepEqual([...places.others], ["b"]);
});

Deno.test("whatever happens, what is placed is counted, and what is gone for long is not", () => {
  const random = seededRandom(11);
  const ids = ["a", "b", "c", "d", "e"];
  const places = new Places();
  const placed = new Set<string>();
  const opening = new Map<string, number>();
  for (let step = 0; step < 5_000; step++) {
    const id = pick(random, ids);
    switch (below(random, 4)) {
      case 0:
        places.open(id);
        placed.add(id);
        opening.set(id, (opening.get(id) ?? 0) + 1);
        break;
      case 1:
        places.opened(id);
        opening.set(id, Math.max(0, (opening.get(id) ?? 0) - 1));
        break;
      case 2:
        places.closing(id);
        places.closed(id, true);
        if ((opening.get(id) ?? 0) === 0) placed.delete(id);
        break;
      default:
        places.loaded([...placed]);
        assert.deepEqual([...places.others], []);
    }
    assert.equal(places.size, placed.size);
    assert.equal(places.isClosing(id), false);
  }
});

Deno.test("one that another coordinator has ended gives up its place when two loads in a row are without it", () => {
  const places = new Places();
  places.take("a");
  places.open("b");
  places.loaded([]);
  assert.equal(places.size, 2, "it may have been on its way");
  places.loaded(["a"]);
  places.loaded([]);
  assert.equal(places.size, 2, "in a row");
  places.loaded([]);
  assert.equal(places.size, 1, "but for what is being opened");
  places.opened("b");
  places.loaded([]);
  places.loaded([]);
  assert.equal(places.size, 0);
});

Deno.test("what others have ended has no place, and is looked at where the worker has it still", () => {
  const places = new Places();
  places.loaded(["a", "b"]);
  for (const session of ["a", "b", "c"]) places.take(session);
  places.open("d");
  places.closing("b");
  assert.deepEqual(places.settled, ["a", "c"]);
  places.over(["a", "b", "c", "d", "unknown"]);
  assert.deepEqual([places.size, [...places.others]], [3, ["a"]]);
  places.closed("b", true);
  places.opened("d");
  assert.deepEqual([places.size, places.settled], [2, ["d"]]);
});
