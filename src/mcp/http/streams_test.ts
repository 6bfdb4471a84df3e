import assert from "node:assert/strict";
import { Streams } from "./streams.ts";

const gauge = () => {
  const values: number[] = [];
  return {
    values,
    set: (_: unknown, value: number) => void values.push(value),
    inc() {},
    dec() {},
    remove() {},
  };
};

Deno.test("there is room for each caller and for all, and it comes back once", () => {
  const shown = gauge();
  const streams = new Streams({ eachCaller: 2, all: 3 }, shown);
  const stream = { end() {} };
  const first = streams.add("ann", { end() {} });
  streams.add("ann", stream);
  assert.deepEqual([streams.hasRoom("ann"), streams.hasRoom("bob")], [false, true]);
  const last = streams.add("bob", { end() {} });
  assert.equal(streams.hasRoom("eve"), false);
  last();
  last();
  assert.deepEqual([streams.size, streams.hasRoom("eve")], [2, true]);
  first();
  assert.equal(streams.hasRoom("ann"), true);
  assert.deepEqual(shown.values, [1, 2, 3, 2, 1]);
});

Deno.test("all of them are ended", () => {
  const streams = new Streams({ eachCaller: 9, all: 9 }, gauge());
  const ended: string[] = [];
  for (const name of ["a", "b"]) {
    const forget = streams.add("ann", {
      end() {
        ended.push(name);
        forget();
      },
    });
  }
  streams.endAll();
  assert.deepEqual([ended, streams.size], [["a", "b"], 0]);
});
