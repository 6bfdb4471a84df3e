import assert from "node:assert/strict";
import { seededRandom } from "../../../telemetry/testing/random.ts";
import { compare, disregarding } from "./compare.ts";
import { FieldSet } from "./field_set.ts";
import { isEqual, type Json, type JsonMap } from "./json.ts";
import { pathText } from "./path.ts";
import { forSeeds, randomSpec, specSchema } from "./testing.ts";

interface Told {
  added?: string[];
  modified?: string[];
  removed?: string[];
}

/** Before, after, and what is told. */
const CASES: [string, JsonMap, JsonMap, Told][] = [
  ["nothing", { title: "a" }, { title: "a" }, {}],
  ["a value", { title: "a", size: 1 }, { title: "b", on: true }, {
    added: [".on"],
    modified: [".title"],
    removed: [".size"],
  }],
  ["a map that comes", {}, { limits: { a: "1" } }, { added: [".limits", ".limits.a"] }],
  ["a map that goes", { limits: { a: "1" } }, {}, { removed: [".limits", ".limits.a"] }],
  ["keys of a map", { limits: { a: "1", b: "2" } }, { limits: { b: "3", c: "4" } }, {
    added: [".limits.c"],
    modified: [".limits.b"],
    removed: [".limits.a"],
  }],
  ["a map that is emptied", { limits: { a: "1" } }, { limits: {} }, { removed: [".limits.a"] }],
  ["a map that is filled", { limits: {} }, { limits: { a: "1" } }, { added: [".limits.a"] }],
  ["an empty map that comes", {}, { limits: {} }, { added: [".limits"] }],
  ["an empty map that goes", { limits: {} }, {}, { removed: [".limits"] }],
  ["null in the place of an empty map", { limits: {} }, { limits: null }, { modified: [".limits"] }],
  ["null in the place of a map", { limits: { a: "1" } }, { limits: null }, { removed: [".limits.a"] }],
  [
    "what is atomic",
    { files: { a: "1", b: "2" }, args: ["a", "b"] },
    { files: { a: "2" }, args: ["b", "a"] },
    {
      modified: [".args", ".files"],
    },
  ],
  ["what is atomic and comes", {}, { files: { a: "1" }, args: [] }, { added: [".args", ".files"] }],
  ["the order of keys", { files: { a: "1", b: "2" } }, { files: { b: "2", a: "1" } }, {}],
  ["the order of items", { tags: ["a", "b"] }, { tags: ["b", "a"] }, {}],
  ["items of a set", { tags: ["a", "b"] }, { tags: ["b", "c"] }, {
    added: ['.tags[="c"]'],
    removed: ['.tags[="a"]'],
  }],
  ["an item with keys", { ports: [{ port: 1, name: "a" }, { port: 2 }] }, {
    ports: [{ port: 3 }, { port: 1, name: "b" }],
  }, {
    added: [".ports[port=3]", ".ports[port=3].port"],
    modified: [".ports[port=1].name"],
    removed: [".ports[port=2]", ".ports[port=2].port"],
  }],
  ["an untyped value that becomes another thing", { extra: { a: { b: 1 } } }, { extra: { a: [1] } }, {
    modified: [".extra.a"],
    removed: [".extra.a.b"],
  }],
  ["items that cannot be told apart", { tags: ["a", "a"] }, { tags: ["a"] }, { modified: ['.tags[="a"]'] }],
  ["such items that come", { tags: ["b"] }, { tags: ["b", "a", "a"] }, { added: ['.tags[="a"]'] }],
  ["such items that go", { tags: ["b", "a", "a"] }, { tags: ["b"] }, { removed: ['.tags[="a"]'] }],
  ["such items that stay", { ports: [{ port: 1 }, { port: 1 }] }, { ports: [{ port: 1 }, { port: 1 }] }, {}],
];

Deno.test("a difference is told field by field", () => {
  for (const [what, before, after, told] of CASES) {
    const difference = compare(specSchema, before, after);
    const paths = (fields: FieldSet) => fields.paths().map(pathText).sort();
    assert.deepEqual(paths(difference.added), [...told.added ?? []].sort(), `added: ${what}`);
    assert.deepEqual(paths(difference.modified), [...told.modified ?? []].sort(), `modified: ${what}`);
    assert.deepEqual(paths(difference.removed), [...told.removed ?? []].sort(), `removed: ${what}`);
  }
});

Deno.test("a field called as what all objects inherit is a field", () => {
  const { added } = compare(specSchema, { limits: {} }, { limits: { toString: "a" } });
  assert.deepEqual(added.paths().map(pathText), [".limits.toString"]);
});

Deno.test("what is disregarded is told nowhere", () => {
  const difference = compare(specSchema, { title: "a", size: 1, limits: { a: "1" } }, {
    title: "b",
    limits: { b: "1" },
  });
  const { added, modified, removed } = disregarding(difference, FieldSet.ofNames(["limits"], ["size"]));
  assert.ok(added.isEmpty && removed.isEmpty);
  assert.deepEqual(modified.paths().map(pathText), [".title"]);
  assert.equal(disregarding(difference, FieldSet.empty), difference);
});

Deno.test("there is a difference exactly where two objects differ, order aside", () => {
  forSeeds(400, seededRandom, (random) => {
    const [before, after] = [randomSpec(random), randomSpec(random)];
    const { added, modified, removed } = compare(specSchema, before, after);
    const isSame = added.isEmpty && modified.isEmpty && removed.isEmpty;
    assert.equal(isSame, isEqual(ordered(before), ordered(after)));
    const back = compare(specSchema, after, before);
    assert.ok(back.added.equals(removed) && back.removed.equals(added) && back.modified.equals(modified));
  });
});

/** Lists in which order means nothing, in one order. */
function ordered({ tags, ports, ...rest }: JsonMap): Json {
  const sorted = (list: Json | undefined) =>
    Array.isArray(list) ? list.map((item) => JSON.stringify(item)).sort() : null;
  return {
    ...rest,
    ...(tags === undefined ? {} : { tags: sorted(tags) }),
    ...(ports === undefined ? {} : { ports: sorted(ports) }),
  };
}
