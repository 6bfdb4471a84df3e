import assert from "node:assert/strict";
import { below, seededRandom } from "../../../telemetry/testing/random.ts";
import type { Json, JsonObject } from "../decode/json_value.ts";
import { shapeOf } from "../decode/shape.ts";
import { definition, refusal } from "../decode/testing.ts";
import { applyStrategicPatch } from "./strategic_patch.ts";

const shape = shapeOf(definition);
const patched = (object: JsonObject, patch: Json) => applyStrategicPatch(object, patch, shape);
const metadata = (before: JsonObject, patch: JsonObject) =>
  patched({ metadata: before }, { metadata: patch })["metadata"] as JsonObject;
const owner = (uid: string, more: JsonObject = {}): JsonObject => ({ uid, name: `n${uid}`, ...more });
const uids = (meta: JsonObject) => (meta["ownerReferences"] as JsonObject[]).map(({ uid }) => uid).join("");

Deno.test("objects are merged, null takes away, and lists of no strategy are replaced", () => {
  const before = { spec: { color: "red", parts: { a: "1", b: "2" }, tags: ["x", "y"] } };
  assert.deepEqual(patched(before, { spec: { parts: { a: null, c: "3" }, tags: ["z"], size: 1 } }), {
    spec: { color: "red", parts: { b: "2", c: "3" }, tags: ["z"], size: 1 },
  });
  assert.deepEqual(patched(before, { spec: { parts: null, tags: null } }), { spec: { color: "red" } });
  assert.deepEqual(patched({}, { spec: { parts: { a: null, b: "1" } } }), { spec: { parts: { b: "1" } } });
  assert.deepEqual(patched(before, null), before);
});

Deno.test("owners are merged by their uid, in the patch's order, among those that it does not name", () => {
  const before = { ownerReferences: [owner("1"), owner("2"), owner("3")] };
  const result = metadata(before, { ownerReferences: [owner("4"), { uid: "2", controller: true }] });
  assert.equal(uids(result), "4123");
  assert.deepEqual((result["ownerReferences"] as JsonObject[])[2], owner("2", { controller: true }));
  assert.equal(uids(metadata({}, before)), "123");
  assert.equal(uids(metadata({ ownerReferences: [] }, before)), "123");
});

Deno.test("directives of items delete them, or replace the whole list", () => {
  const before = { ownerReferences: [owner("1"), owner("2"), owner("3")] };
  assert.equal(uids(metadata(before, { ownerReferences: [{ $patch: "delete", uid: "2" }] })), "13");
  assert.equal(uids(metadata(before, { ownerReferences: [{ $patch: "delete", uid: "9" }] })), "123");
  assert.equal(uids(metadata(before, { ownerReferences: [{ $patch: "replace" }, owner("9")] })), "9");
  assert.equal(uids(metadata({}, { ownerReferences: [{ $patch: "delete", uid: "2" }, owner("1")] })), "1");
});

Deno.test("an order that is said holds, and others stay where they were as far as that goes", () => {
  const before = { ownerReferences: [owner("1"), owner("2"), owner("3"), owner("4")] };
  const order = (...names: string[]) => names.map((uid) => ({ uid }));
  const ordered = (...names: string[]) =>
    metadata(before, { "$setElementOrder/ownerReferences": order(...names) });
  assert.equal(uids(ordered("3", "1")), "2314");
  assert.equal(uids(ordered("4", "3", "2", "1")), "4321");
  assert.equal(uids(ordered("1", "3")), "1234");
  assert.equal(
    uids(metadata(before, {
      "$setElementOrder/ownerReferences": order("2", "5"),
      ownerReferences: [owner("5")],
    })),
    "12534",
  );
});

Deno.test("finalizers are added once, deleted by name, and ordered", () => {
  const before = { finalizers: ["a", "b", "c"] };
  const list = (patch: JsonObject) => metadata(before, patch)["finalizers"];
  assert.deepEqual(list({ finalizers: ["d", "a"] }), ["d", "a", "b", "c"]);
  assert.deepEqual(list({ "$deleteFromPrimitiveList/finalizers": ["b", "x"] }), ["a", "c"]);
  assert.deepEqual(list({ "$deleteFromPrimitiveList/finalizers": ["a"], finalizers: ["d"] }), [
    "d",
    "b",
    "c",
  ]);
  assert.deepEqual(list({ "$setElementOrder/finalizers": ["c", "b", "a"] }), ["c", "b", "a"]);
  assert.deepEqual(metadata({}, { "$deleteFromPrimitiveList/finalizers": ["b"] }), {});
  assert.deepEqual(metadata({}, { "$setElementOrder/finalizers": ["b"] }), {});
  assert.deepEqual(metadata({}, { "$setElementOrder/finalizers": ["b"], finalizers: ["b"] }), {
    finalizers: ["b"],
  });
  assert.deepEqual(list({ finalizers: null }), undefined);
});

Deno.test("conditions are merged by their type", () => {
  const before = {
    status: { conditions: [{ type: "A", status: "True", reason: "R" }, { type: "B", status: "True" }] },
  };
  const patch = { status: { conditions: [{ type: "B", status: "False" }, { type: "A", reason: null }] } };
  assert.deepEqual(patched(before, patch), {
    status: { conditions: [{ type: "B", status: "False" }, { type: "A", status: "True" }] },
  });
});

Deno.test("an object can be replaced or emptied as a whole, or keep named fields alone", () => {
  const before = { spec: { parts: { a: "1", b: "2" } } };
  const parts = (patch: JsonObject) => patched(before, { spec: { parts: patch } })["spec"];
  assert.deepEqual(parts({ $patch: "replace", c: "3" }), { parts: { c: "3" } });
  assert.deepEqual(parts({ $patch: "delete", c: "3" }), { parts: {} });
  assert.deepEqual(parts({ $retainKeys: ["a", "c"], c: "3" }), { parts: { a: "1", c: "3" } });
  assert.deepEqual(parts({ $retainKeys: ["b"], a: null }), { parts: { b: "2" } });
});

Deno.test("what is no strategic patch is refused as such", () => {
  const before = { metadata: { ownerReferences: [owner("1")], finalizers: ["a"] }, spec: { tags: ["x"] } };
  const cases: [Json, number][] = [
    [[], 400],
    ["x", 400],
    [{ $patch: "explode" }, 400],
    [{ $patch: "merge" }, 400],
    [{ $retainKeys: "a" }, 400],
    [{ $retainKeys: ["b"], a: 1 }, 400],
    [{ $setElementOrder: [] }, 400],
    [{ "$deleteFromPrimitiveList/": [] }, 400],
    [{ "$deleteFromPrimitiveList/x": "a" }, 400],
    [{ "$setElementOrder/spec": [] }, 400],
    [{ metadata: { "$setElementOrder/finalizers": "a" } }, 400],
    [{ metadata: { "$setElementOrder/finalizers": ["a"], finalizers: ["b"] } }, 400],
    [{ metadata: { "$setElementOrder/finalizers": ["a"], finalizers: "a" } }, 400],
    [{ metadata: { finalizers: [{}] } }, 400],
    [{ metadata: { ownerReferences: ["x"] } }, 400],
    [{ metadata: { ownerReferences: [{ name: "x" }] } }, 400],
    [{ metadata: { ownerReferences: [{ $patch: "delete" }] } }, 400],
    [{ metadata: { ownerReferences: [{ $patch: "merge", uid: "1" }] } }, 400],
    [{ spec: { "$setElementOrder/tags": ["x"] } }, 400],
  ];
  for (const [patch, code] of cases) {
    assert.equal(refusal(() => patched(before, patch)).code, code, JSON.stringify(patch));
  }
  const lists = { metadata: { finalizers: [["a"]] } };
  assert.equal(refusal(() => patched(lists, { metadata: { finalizers: ["b"] } })).code, 422);
});

Deno.test("neither object nor patch is changed, and nothing reaches prototypes", () => {
  const before = {
    metadata: { ownerReferences: [owner("1"), owner("2")], finalizers: ["a"] },
    spec: { parts: { a: "1" } },
  };
  const patch = {
    metadata: {
      "$setElementOrder/finalizers": ["b", "a"],
      finalizers: ["b"],
      ownerReferences: [{ uid: "2", x: 1 }],
    },
    spec: { parts: { $retainKeys: ["b"], b: "2" } },
  };
  const [object, said] = [structuredClone(before), structuredClone(patch)];
  patched(object, said);
  assert.deepEqual([object, said], [before, patch]);
  const odd = patched({}, JSON.parse('{"__proto__":{"x":1},"spec":{"parts":{"__proto__":"y"}}}'));
  assert.equal(JSON.stringify(odd), '{"__proto__":{"x":1},"spec":{"parts":{"__proto__":"y"}}}');
  assert.equal(({} as Record<string, unknown>)["x"], undefined);
});

Deno.test("a whole order puts a list into it, whatever was there and whatever is added", () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = seededRandom(seed);
    const names = [..."abcdef"].sort(() => random() - 0.5);
    const before = names.filter(() => random() < 0.5).sort(() => random() - 0.5);
    const added = names.filter((name) => !before.includes(name) && random() < 0.7);
    const order = names.filter((name) => before.includes(name) || added.includes(name));
    const result = metadata({ ownerReferences: before.map((uid) => owner(uid)) }, {
      "$setElementOrder/ownerReferences": order.map((uid) => ({ uid })),
      ...(added.length + below(random, 2) > 0 ? { ownerReferences: added.map((uid) => owner(uid)) } : {}),
    });
    assert.equal(uids(result), order.join(""), `seed ${seed}`);
  }
});
