import assert from "node:assert/strict";
import { below, pick, seededRandom } from "../../../telemetry/testing/random.ts";
import { isJsonObject, type Json, type JsonObject, sameJson } from "../decode/json_value.ts";
import { refusal } from "../decode/testing.ts";
import { applyMergePatch } from "./merge_patch.ts";

Deno.test("the examples of RFC 7386 that are about objects", () => {
  const cases: [JsonObject, JsonObject, JsonObject][] = [
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  for (const [target, patch, result] of cases) {
    const [before, said] = [structuredClone(target), structuredClone(patch)];
    assert.deepEqual(applyMergePatch(target, patch), result);
    assert.deepEqual([target, patch], [before, said]);
  }
});

Deno.test("nothing but an object is a patch", () => {
  for (const patch of [null, [], "x", 5, true]) {
    assert.equal(refusal(() => applyMergePatch({}, patch as Json)).code, 400);
  }
});

Deno.test("fields named as those of prototypes are fields as others", () => {
  const patch = JSON.parse('{"__proto__":{"x":1},"constructor":{"y":null,"z":1}}');
  const result = applyMergePatch({}, patch);
  assert.equal(JSON.stringify(result), '{"__proto__":{"x":1},"constructor":{"z":1}}');
  assert.equal(
    JSON.stringify(applyMergePatch(result, JSON.parse('{"__proto__":null}'))),
    '{"constructor":{"z":1}}',
  );
  assert.equal(({} as Record<string, unknown>)["x"], undefined);
});

function randomObject(random: () => number, nulls: boolean, depth = 0): JsonObject {
  const values = (): Json =>
    depth < 3 && random() < 0.5
      ? randomObject(random, nulls, depth + 1)
      : pick(random, [1, "x", [1, { a: 1 }], true, nulls ? null : 2]);
  return Object.fromEntries(
    Array.from({ length: below(random, 4) }, () => [pick(random, ["a", "b", "c", "d"]), values()]),
  );
}

/** The patch that makes `to` of `from`. */
function difference(from: JsonObject, to: JsonObject): JsonObject {
  const gone = Object.keys(from).filter((key) => !(key in to)).map((key) => [key, null]);
  const changed = Object.entries(to).filter(([key, value]) => !(key in from) || !sameJson(from[key]!, value))
    .map(([key, value]) => {
      const before = from[key];
      return [key, isJsonObject(before) && isJsonObject(value) ? difference(before, value) : value];
    });
  return Object.fromEntries([...gone, ...changed]);
}

Deno.test("a difference makes one object of another, and any patch a second time changes nothing", () => {
  for (let seed = 0; seed < 500; seed++) {
    const random = seededRandom(seed);
    const [one, other] = [randomObject(random, false), randomObject(random, false)];
    assert.deepEqual(applyMergePatch(one, difference(one, other)), other, `seed ${seed}`);
    const patch = randomObject(random, true);
    const once = applyMergePatch(one, patch);
    assert.deepEqual(applyMergePatch(once, patch), once, `seed ${seed}`);
  }
});
