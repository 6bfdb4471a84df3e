import assert from "node:assert/strict";
import { compareText, goJson, isEqual, isList, isMap, type Json, mapOf, own } from "./json.ts";

Deno.test("maps are neither lists nor null", () => {
  assert.deepEqual([{}, [], null, "a", undefined].map(isMap), [true, false, false, false, false]);
  assert.deepEqual([{}, [], null, "a", undefined].map(isList), [false, true, false, false, false]);
});

Deno.test("values are equal whatever the order of keys, and unequal whatever is missing", () => {
  const equal: [unknown, unknown][] = [
    [undefined, undefined],
    [null, null],
    [1, 1],
    ["a", "a"],
    [[1, { a: 2 }], [1, { a: 2 }]],
    [{ a: 1, b: [2] }, { b: [2], a: 1 }],
    [{}, {}],
    [0, -0],
  ];
  for (const [left, right] of equal) assert.ok(isEqual(left, right), JSON.stringify([left, right]));
  const unequal: [unknown, unknown][] = [
    [undefined, null],
    [null, {}],
    [null, 0],
    [1, "1"],
    [[1], [1, 2]],
    [[1, 2], [2, 1]],
    [[], {}],
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, { b: 1 }],
    [{ a: 1 }, { a: 1, b: 1 }],
    [{ toString: 1 }, { valueOf: 1 }],
  ];
  for (const [left, right] of unequal) {
    assert.ok(!isEqual(left, right), JSON.stringify([left, right]));
    assert.ok(!isEqual(right, left), JSON.stringify([right, left]));
  }
});

Deno.test("only a map's own keys have values", () => {
  assert.equal(own({ a: 1 }, "a"), 1);
  assert.equal(own({ a: 1 }, "b"), undefined);
  assert.equal(own({}, "toString"), undefined);
  assert.equal(own(undefined, "a"), undefined);
});

Deno.test("a key called __proto__ is a key", () => {
  const map = mapOf([["__proto__", 1], ["a", 2]]);
  assert.deepEqual(Object.keys(map), ["__proto__", "a"]);
  assert.equal(Object.getPrototypeOf(map), Object.prototype);
});

Deno.test("texts are ordered by their bytes", () => {
  const ordered = ["", "!", "A", "Z", "a", "aa", "b", "é", "\uffff", "\u{1f600}", "\u{1f601}"];
  const encoder = new TextEncoder();
  const bytes = (text: string) =>
    [...encoder.encode(text)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  for (const left of ordered) {
    for (const right of ordered) {
      const [a, b] = [bytes(left), bytes(right)];
      assert.equal(Math.sign(compareText(left, right)), a === b ? 0 : a < b ? -1 : 1, `${left} and ${right}`);
    }
  }
});

Deno.test("JSON is written as Go writes it", () => {
  const cases: [Json, string][] = [
    [{ b: 1, a: [{ d: null, c: true }] }, '{"a":[{"c":true,"d":null}],"b":1}'],
    ['<a href="b">&', '"\\u003ca href=\\"b\\"\\u003e\\u0026"'],
    ["\u2028\u2029é", '"\\u2028\\u2029é"'],
    [1.5, "1.5"],
    [[], "[]"],
  ];
  for (const [value, expected] of cases) assert.equal(goJson(value), expected);
});
