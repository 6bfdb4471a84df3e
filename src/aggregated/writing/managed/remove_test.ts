import assert from "node:assert/strict";
import { seededRandom } from "../../../telemetry/testing/random.ts";
import { FieldSet } from "./field_set.ts";
import { fieldsOf } from "./fields_of.ts";
import { fromFieldsV1 } from "./fields_v1.ts";
import { isEqual, type Json, type JsonMap } from "./json.ts";
import { merge } from "./merge.ts";
import { pathText } from "./path.ts";
import { prune, removeFields, withNamed } from "./remove.ts";
import { forSeeds, randomSet, randomSpec, specSchema } from "./testing.ts";

/** The object, the fields, and what is left. */
const REMOVED: [JsonMap, JsonMap, JsonMap][] = [
  [{ title: "a", size: 1 }, { "f:title": {} }, { size: 1 }],
  [{ title: "a" }, {}, { title: "a" }],
  [{ title: "a" }, { "f:size": {} }, { title: "a" }],
  [{ limits: { a: "1", b: "2" } }, { "f:limits": { "f:a": {} } }, { limits: { b: "2" } }],
  [{ limits: { a: "1" } }, { "f:limits": { "f:a": {} } }, { limits: {} }],
  [{ limits: { a: "1" } }, { "f:limits": {} }, {}],
  [{ limits: null, tags: null }, { "f:limits": { "f:a": {} }, "f:tags": { 'v:"a"': {} } }, {
    limits: null,
    tags: null,
  }],
  [{ tags: ["a", "b"] }, { "f:tags": { 'v:"a"': {} } }, { tags: ["b"] }],
  [{ tags: ["a"] }, { "f:tags": { 'v:"a"': {} } }, { tags: [] }],
  // Of what is atomic, nothing is taken.
  [{ files: { a: "1" }, args: ["a"] }, { "f:files": { "f:a": {} }, "f:args": { "i:0": {} } }, {
    files: { a: "1" },
    args: ["a"],
  }],
  [{ ports: [{ port: 1, name: "a" }, { port: 2 }] }, { "f:ports": { 'k:{"port":1}': { "f:name": {} } } }, {
    ports: [{ port: 1 }, { port: 2 }],
  }],
  [{ ports: [{ port: 1, name: "a" }, { port: 2 }] }, {
    "f:ports": { 'k:{"port":1}': { ".": {}, "f:name": {} } },
  }, {
    ports: [{ port: 2 }],
  }],
  [{ extra: { a: { b: 1, c: 2 } } }, { "f:extra": { "f:a": { "f:b": {} } } }, { extra: { a: { c: 2 } } }],
];

Deno.test("fields are removed with what is in them, and leave what is emptied", () => {
  for (const [value, fields, left] of REMOVED) {
    assert.deepEqual(removeFields(specSchema, value, fromFieldsV1(fields)), left, JSON.stringify(value));
  }
});

Deno.test("what is removed is not there any more, and the rest is", () => {
  forSeeds(300, seededRandom, (random) => {
    const spec = randomSpec(random);
    const some = fieldsOf(specSchema, spec).intersection(fieldsOf(specSchema, randomSpec(random)));
    const left = fieldsOf(specSchema, removeFields(specSchema, spec, some));
    assert.ok(left.intersection(some).isEmpty);
    const stays = fieldsOf(specSchema, spec).without(some);
    assert.ok(stays.difference(left).isEmpty);
    assert.ok(
      isEqual(
        removeFields(specSchema, spec, randomSet(random).without(FieldSet.ofNames(["a"], ["b"]))),
        spec,
      ),
    );
  });
});

Deno.test("structures and lists with a name are named where something in them is", () => {
  const named = (fields: JsonMap) => withNamed(specSchema, fromFieldsV1(fields)).paths().map(pathText);
  assert.deepEqual(named({ "f:limits": { "f:a": {} } }), [".limits", ".limits.a"]);
  assert.deepEqual(named({ "f:ports": { 'k:{"port":1}': { "f:labels": { "f:a": {} } } } }), [
    ".ports",
    ".ports[port=1].labels",
    ".ports[port=1].labels.a",
  ]);
  // The keys of a map have no declared names.
  assert.deepEqual(named({ "f:groups": { "f:g": { "f:a": {} } } }), [".groups", ".groups.g.a"]);
  assert.deepEqual(named({ "f:unknown": { "f:a": {} } }), [".unknown.a"]);
});

interface Case {
  readonly live: JsonMap;
  /** What the manager applied before. */
  readonly last: JsonMap;
  readonly config: JsonMap;
  /** What others own. */
  readonly others?: JsonMap;
  readonly left: Json;
}

const PRUNED: Record<string, Case> = {
  "a value that is not applied any more goes": {
    live: { title: "a", size: 1 },
    last: { title: "a", size: 1 },
    config: { size: 1 },
    left: { size: 1 },
  },
  "what was never applied stays": {
    live: { title: "a", size: 1 },
    last: { size: 1 },
    config: {},
    left: { title: "a" },
  },
  "what somebody else owns, too, stays": {
    live: { title: "a", size: 1 },
    last: { title: "a", size: 1 },
    config: {},
    others: { "f:title": {} },
    left: { title: "a" },
  },
  "a map goes with its last key": {
    live: { limits: { a: "1" } },
    last: { limits: { a: "1" } },
    config: {},
    left: {},
  },
  "a map that is somebody's stays, and be it empty": {
    live: { limits: { a: "1" } },
    last: { limits: { a: "1" } },
    config: {},
    others: { "f:limits": {} },
    left: { limits: {} },
  },
  "a list that is somebody's goes when nothing is in it": {
    live: { tags: ["a"] },
    last: { tags: ["a"] },
    config: {},
    others: { "f:tags": {} },
    left: {},
  },
  "keys of others stay": {
    live: { limits: { a: "1", b: "2" } },
    last: { limits: { a: "1" } },
    config: {},
    others: { "f:limits": { "f:b": {} } },
    left: { limits: { b: "2" } },
  },
  "items go, and those of others stay": {
    live: { tags: ["a", "b", "c"] },
    last: { tags: ["a", "b"] },
    config: { tags: ["b"] },
    others: { "f:tags": { 'v:"c"': {} } },
    left: { tags: ["b", "c"] },
  },
  "an item goes with what others put into it, if it is not theirs": {
    live: { ports: [{ port: 1, name: "x" }] },
    last: { ports: [{ port: 1 }] },
    config: {},
    others: { "f:ports": { 'k:{"port":1}': { "f:name": {} } } },
    left: {},
  },
  "an item that is also another's loses only what is nobody's": {
    live: { ports: [{ port: 1, name: "x" }] },
    last: { ports: [{ port: 1, name: "x" }] },
    config: {},
    others: { "f:ports": { 'k:{"port":1}': { ".": {}, "f:port": {} } } },
    left: { ports: [{ port: 1 }] },
  },
  "what is atomic goes as a whole": {
    live: { files: { a: "1" } },
    last: { files: {} },
    config: {},
    left: {},
  },
  "nothing goes before the first configuration": {
    live: { title: "a" },
    last: {},
    config: { size: 1 },
    left: { title: "a", size: 1 },
  },
};

Deno.test("what was applied and is nobody's any more goes", async (t) => {
  for (const [what, { live, last, config, others = {}, left }] of Object.entries(PRUNED)) {
    await t.step(what, () => {
      const owned = fieldsOf(specSchema, config).union(fromFieldsV1(others));
      const merged = merge(specSchema, live, config);
      assert.deepEqual(prune(merged, { schema: specSchema, last: fieldsOf(specSchema, last), owned }), left);
    });
  }
});

Deno.test("all that a configuration says, and all that others own, is there after pruning", () => {
  forSeeds(300, seededRandom, (random) => {
    const [live, config, other] = [randomSpec(random), randomSpec(random), randomSpec(random)];
    const last = fieldsOf(specSchema, live);
    const theirs = fieldsOf(specSchema, other).intersection(last);
    const mine = fieldsOf(specSchema, config);
    const merged = merge(specSchema, live, config);
    const pruned = fieldsOf(
      specSchema,
      prune(merged, { schema: specSchema, last, owned: mine.union(theirs) }),
    );
    const merges = fieldsOf(specSchema, merged);
    // Of a map that others own as an empty one, the keys may come in between.
    assert.ok(mine.intersection(merges).difference(pruned).isEmpty, "the configuration stays");
    const whole = FieldSet.ofNames(["title"], ["size"], ["on"], ["args"], ["files"]);
    assert.ok(
      theirs.intersection(whole).intersection(merges).difference(pruned).isEmpty,
      "what is others' stays",
    );
    assert.ok(pruned.intersection(whole).difference(mine.union(theirs)).isEmpty, "nothing else stays");
  });
});
