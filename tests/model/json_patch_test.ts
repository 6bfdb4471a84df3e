import assert from "node:assert/strict";
import { jsonPatched, mergePatched, PatchError } from "./json_patch.ts";

Deno.test("operations add, replace, remove and test, in lists and in maps", () => {
  const before = { list: ["a", "b"], map: { "x/y": 1, z: 2 } };
  const after = jsonPatched(before, [
    { op: "test", path: "/list/0", value: "a" },
    { op: "add", path: "/list/-", value: "c" },
    { op: "add", path: "/list/0", value: "first" },
    { op: "remove", path: "/list/1" },
    { op: "replace", path: "/list/0", value: "one" },
    { op: "replace", path: "/map/x~1y", value: 3 },
    { op: "remove", path: "/map/z" },
    { op: "add", path: "/map/new", value: { deep: true } },
  ]);
  assert.deepEqual(after, { list: ["one", "b", "c"], map: { "x/y": 3, new: { deep: true } } } as unknown);
  assert.deepEqual(before, { list: ["a", "b"], map: { "x/y": 1, z: 2 } });
});

Deno.test("what does not fit is refused", () => {
  const document = { list: ["a"], text: "t" };
  const operations = [
    { op: "test", path: "/list/0", value: "b" },
    { op: "remove", path: "/list/1" },
    { op: "replace", path: "/nothing", value: 1 },
    { op: "add", path: "/text/below", value: 1 },
    { op: "add", path: "/nothing/below", value: 1 },
    { op: "move", from: "/list", path: "/other" },
    { op: "replace", path: "", value: 1 },
  ] as const;
  for (const operation of operations) {
    assert.throws(() => jsonPatched(document, [operation]), PatchError, JSON.stringify(operation));
  }
});

Deno.test("a merge lays maps over one another, replaces all else, and null takes away", () => {
  const patch = { a: { x: null, z: 3 }, list: [2], gone: null, none: undefined };
  assert.deepEqual(mergePatched({ a: { x: 1, y: 2 }, list: [1], gone: 1 }, patch), {
    a: { y: 2, z: 3 },
    list: [2],
  });
  assert.deepEqual(mergePatched("text", { a: 1 }), { a: 1 });
  assert.equal(mergePatched({ a: 1 }, "text"), "text");
});
