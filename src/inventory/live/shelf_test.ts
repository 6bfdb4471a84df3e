import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import { below, pick, seededRandom } from "../../telemetry/testing/random.ts";
import { Shelf } from "./shelf.ts";

const object = (namespace: string, name: string, uid = "1"): KubeObject => ({
  apiVersion: "v1",
  kind: "Thing",
  metadata: { namespace, name, uid },
});
const names = (items: readonly KubeObject[]) =>
  items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);

Deno.test("objects are listed by namespace and name as one path, by their code units", () => {
  const shelf = new Shelf();
  for (const name of ["b", "a-1", "a", "B"]) shelf.put(object("y", name));
  for (const namespace of ["x", "x-1", "x1"]) shelf.put(object(namespace, "z"));
  assert.deepEqual(names(shelf.listing(undefined, "1").items), [
    "x-1/z",
    "x/z",
    "x1/z",
    "y/B",
    "y/a",
    "y/a-1",
    "y/b",
  ]);
  assert.deepEqual(names(shelf.listing("y", "1").items), ["y/B", "y/a", "y/a-1", "y/b"]);
});

Deno.test("the same content is the same array, the same version the same listing", () => {
  const shelf = new Shelf();
  shelf.put(object("x", "a"));
  const first = shelf.listing("x", "1");
  assert.equal(shelf.listing("x", "1"), first);
  assert.notEqual(shelf.listing("x", "2"), first);
  assert.equal(shelf.listing("x", "2").items, first.items);
  shelf.put(object("x", "b"));
  assert.notEqual(shelf.listing("x", "2").items, first.items);
  assert.deepEqual(names(first.items), ["x/a"]);
});

Deno.test("a change in one namespace leaves the list of another as it was", () => {
  const shelf = new Shelf();
  shelf.put(object("x", "a"));
  const before = shelf.listing("x", "1").items;
  shelf.put(object("y", "a"));
  assert.equal(shelf.listing("x", "1").items, before);
});

Deno.test("what is not there is not removed, and an empty namespace has an empty list", () => {
  const shelf = new Shelf();
  shelf.put(object("x", "a"));
  shelf.remove({ namespace: "x", name: "b" });
  shelf.remove({ namespace: "y", name: "a" });
  assert.deepEqual(names(shelf.listing(undefined, "1").items), ["x/a"]);
  shelf.remove({ namespace: "x", name: "a" });
  assert.deepEqual(shelf.listing("x", "1").items, []);
  assert.deepEqual(shelf.listing(undefined, "1").items, []);
  assert.equal(shelf.listing("nowhere", "1").items, shelf.listing("elsewhere", "1").items);
});

Deno.test("after any changes the lists are those of a sorted map", () => {
  const random = seededRandom(11);
  const shelf = new Shelf();
  const model = new Map<string, KubeObject>();
  for (let round = 0; round < 3_000; round++) {
    const namespace = pick(random, ["a", "a-1", "b"]);
    const name = `n${below(random, 30)}`;
    if (below(random, 3) === 0) {
      shelf.remove({ namespace, name });
      model.delete(`${namespace}/${name}`);
    } else {
      const put = object(namespace, name, String(round));
      shelf.put(put);
      model.set(`${namespace}/${name}`, put);
    }
    if (round % 50 === 0) {
      const wanted = [...model].sort(([a], [b]) => a < b ? -1 : 1).map(([, one]) => one);
      assert.deepEqual(shelf.listing(undefined, "1").items, wanted);
      assert.deepEqual(
        shelf.listing("b", "1").items,
        wanted.filter(({ metadata }) => metadata.namespace === "b"),
      );
    }
  }
});
