import assert from "node:assert/strict";
import { seededRandom } from "../../../telemetry/testing/random.ts";
import { FieldSet, FieldSetDraft } from "./field_set.ts";
import { fieldElement, fieldPath, type Path, pathText } from "./path.ts";
import { forSeeds, randomPaths, randomSet } from "./testing.ts";

const set = FieldSet.ofNames;
const texts = (fields: FieldSet) => fields.paths().map(pathText);

Deno.test("a set has the paths that it is made of, not those above and below them", () => {
  const fields = set(["spec", "size"], ["spec", "limits", "cpu"], ["spec", "limits"]);
  assert.ok(fields.has(fieldPath("spec", "size")));
  assert.ok(fields.has(fieldPath("spec", "limits")));
  assert.ok(fields.has(fieldPath("spec", "limits", "cpu")));
  assert.ok(!fields.has(fieldPath("spec")));
  assert.ok(!fields.has(fieldPath("spec", "size", "more")));
  assert.ok(!fields.has(fieldPath("status")));
  assert.ok(!fields.has([]));
});

Deno.test("an empty set is one and the same", () => {
  assert.ok(FieldSet.empty.isEmpty);
  assert.equal(set(), FieldSet.empty);
  assert.equal(set(["a"]).difference(set(["a"])), FieldSet.empty);
  assert.equal(FieldSet.ofPaths([[]]), FieldSet.empty);
  assert.equal(new FieldSetDraft().toSet(), FieldSet.empty);
});

Deno.test("members and what is below are asked one level at a time", () => {
  const fields = set(["a"], ["b", "c"]);
  assert.ok(fields.hasMember(fieldElement("a")));
  assert.ok(!fields.hasMember(fieldElement("b")));
  assert.ok(!fields.hasMember(fieldElement("d")));
  assert.deepEqual(texts(fields.below(fieldElement("b"))), [".c"]);
  assert.equal(fields.below(fieldElement("a")), FieldSet.empty);
  assert.equal(fields.below(fieldElement("d")), FieldSet.empty);
});

Deno.test("nodes of one element become one", () => {
  const element = fieldElement("a");
  const fields = FieldSet.ofNodes([
    { element, isMember: false, below: set(["b"]) },
    { element, isMember: true, below: set(["c"]) },
    { element: fieldElement("d"), isMember: false, below: FieldSet.empty },
  ]);
  assert.ok(fields.equals(set(["a"], ["a", "b"], ["a", "c"])));
});

Deno.test("a difference leaves what is below, and one with everything below does not", () => {
  const fields = set(["a"], ["a", "b"], ["a", "c", "d"], ["e"]);
  assert.deepEqual(texts(fields.difference(set(["a"]))), [".e", ".a.b", ".a.c.d"]);
  assert.deepEqual(texts(fields.without(set(["a"]))), [".e"]);
  assert.deepEqual(texts(fields.without(set(["a", "c"]))), [".a", ".e", ".a.b"]);
  assert.deepEqual(texts(fields.without(set(["a", "c", "d"], ["e"]))), [".a", ".a.b"]);
});

Deno.test("paths are told level by level", () => {
  const fields = set(["b"], ["a", "z"], ["a"], ["a", "y", "x"]);
  assert.deepEqual(texts(fields), [".a", ".b", ".a.z", ".a.y.x"]);
});

Deno.test("sets with the same paths are equal, and no others", () => {
  assert.ok(set(["a"], ["b", "c"]).equals(set(["b", "c"], ["a"])));
  assert.ok(!set(["a"]).equals(set(["a"], ["b"])));
  assert.ok(!set(["a"]).equals(set(["b"])));
  assert.ok(!set(["a", "b"]).equals(set(["a", "c"])));
  assert.ok(!set(["a"], ["a", "b"]).equals(set(["a", "b"])));
});

Deno.test("operations are those of sets of paths", () => {
  forSeeds(300, seededRandom, (random) => {
    const [left, right] = [randomPaths(random), randomPaths(random)];
    const [a, b] = [FieldSet.ofPaths(left), FieldSet.ofPaths(right)];
    const [inA, inB] = [idsOf(left), idsOf(right)];
    assert.deepEqual(ids(a), inA);
    assert.deepEqual(ids(a.union(b)), new Set([...inA, ...inB]));
    assert.deepEqual(ids(a.intersection(b)), new Set([...inA].filter((id) => inB.has(id))));
    assert.deepEqual(ids(a.difference(b)), new Set([...inA].filter((id) => !inB.has(id))));
    const isBelow = (path: Path) => right.some((other) => other.every(({ id }, at) => path[at]?.id === id));
    assert.deepEqual(ids(a.without(b)), idsOf(left.filter((path) => !isBelow(path))));
  });
});

Deno.test("no operation changes the sets that it is made of", () => {
  forSeeds(50, seededRandom, (random) => {
    const [a, b] = [randomSet(random), randomSet(random)];
    const before = [texts(a), texts(b)];
    for (const made of [a.union(b), a.intersection(b), a.difference(b), a.without(b)]) {
      // Nothing is in it that says nothing.
      assert.equal(made.isEmpty, made.paths().length === 0);
    }
    assert.deepEqual([texts(a), texts(b)], before);
  });
});

Deno.test("the laws of sets hold", () => {
  forSeeds(200, seededRandom, (random) => {
    const [a, b, c] = [randomSet(random), randomSet(random), randomSet(random)];
    assert.ok(a.union(b).equals(b.union(a)));
    assert.ok(a.intersection(b).equals(b.intersection(a)));
    assert.ok(a.union(b.union(c)).equals(a.union(b).union(c)));
    assert.ok(a.difference(b).union(a.intersection(b)).equals(a));
    assert.ok(a.difference(b.union(c)).equals(a.difference(b).difference(c)));
    assert.ok(a.union(a).equals(a) && a.intersection(a).equals(a) && a.difference(a).isEmpty);
  });
});

function idsOf(paths: readonly Path[]): Set<string> {
  return new Set(paths.map((path) => path.map(({ id }) => id).join(" ")).sort());
}

function ids(fields: FieldSet): Set<string> {
  return idsOf(fields.paths());
}
