import assert from "node:assert/strict";
import { Room } from "./room.ts";

Deno.test("one caller has no more than its share, and all no more than there is", () => {
  const sizes: number[] = [];
  const room = new Room({ eachCaller: 2, all: 3 }, (size) => sizes.push(size));
  const one = room.take("ann");
  const two = room.take("ann");
  assert.equal(room.take("ann"), "caller");
  const three = room.take("bob");
  assert.equal(room.take("bob"), "all");
  assert.ok(typeof one === "function" && typeof two === "function" && typeof three === "function");
  one();
  one();
  assert.equal(room.size, 2, "given back once");
  const four = room.take("cid");
  assert.ok(typeof four === "function");
  two();
  three();
  four();
  assert.deepEqual([room.size, sizes], [0, [1, 2, 3, 2, 3, 2, 1, 0]]);
});
