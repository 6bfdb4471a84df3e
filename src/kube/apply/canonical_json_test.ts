import assert from "node:assert/strict";
import { canonicalJson, shortHash } from "./canonical_json.ts";

Deno.test("the order of keys does not matter at any depth", () => {
  const left = { b: [{ y: 1, x: 2 }], a: { d: null, c: "" } };
  const right = { a: { c: "", d: null }, b: [{ x: 2, y: 1 }] };
  assert.equal(canonicalJson(left), canonicalJson(right));
  assert.equal(canonicalJson(left), '{"a":{"c":"","d":null},"b":[{"x":2,"y":1}]}');
  assert.equal(shortHash(left), shortHash(right));
});

Deno.test("the order of a list matters", () => {
  assert.notEqual(canonicalJson([1, 2]), canonicalJson([2, 1]));
});

Deno.test("undefined fields are left out, as they are when sent", () => {
  assert.equal(canonicalJson({ a: undefined, b: 1 }), '{"b":1}');
  assert.equal(canonicalJson(undefined), "null");
});

Deno.test("the hash is short, stable over releases, and different for different values", () => {
  assert.equal(shortHash({ a: 1 }), "015abd7f5cc57a2d");
  assert.notEqual(shortHash({ a: 1 }), shortHash({ a: "1" }));
});
