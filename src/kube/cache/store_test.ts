import assert from "node:assert/strict";
import type { Entry } from "./cache_entry.ts";
import { ObjectStore } from "./store.ts";
import { seededRandom, type Widget, widget } from "../testing/objects.ts";
import { keyOf } from "../../api/object.ts";

const entry = (object: Widget, derived?: unknown): Entry<Widget> => ({ object, derived });

function filled(...objects: Widget[]): ObjectStore<Widget> {
  const store = new ObjectStore<Widget>();
  for (const object of objects) store.put(keyOf(object), entry(object));
  return store;
}

const names = (objects: Widget[]) =>
  objects.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).sort();
const labelled = (key: string, labels: Record<string, string>) => widget(key, 0, { labels });

Deno.test("get() finds what put() stored, as the very same object", () => {
  const store = new ObjectStore<Widget>();
  const object = widget("a/one");
  assert.equal(store.put(keyOf(object), entry(object, "fact")), undefined);
  assert.equal(store.get({ namespace: "a", name: "one" })?.object, object);
  assert.equal(store.get({ namespace: "a", name: "one" })?.derived, "fact");
  assert.equal(store.get({ namespace: "b", name: "one" }), undefined);
  assert.equal(store.get({ namespace: "a", name: "two" }), undefined);
});

Deno.test("put() replaces and returns what was there", () => {
  const store = filled(widget("a/one", 1));
  assert.equal(store.put({ namespace: "a", name: "one" }, entry(widget("a/one", 2)))?.object.spec?.size, 1);
  assert.equal(store.get({ namespace: "a", name: "one" })?.object.spec?.size, 2);
  assert.equal(store.size, 1);
});

Deno.test("delete() returns what was there, and forgets empty namespaces", () => {
  const store = filled(widget("a/one"), widget("b/one"));
  assert.equal(store.delete({ namespace: "a", name: "one" })?.object.metadata.namespace, "a");
  assert.equal(store.delete({ namespace: "a", name: "one" }), undefined);
  assert.equal(store.delete({ namespace: "never", name: "one" }), undefined);
  assert.equal(store.size, 1);
  assert.deepEqual(store.list({ namespace: "a" }), []);
});

Deno.test("list() gives everything, or one namespace", () => {
  const store = filled(widget("a/one"), widget("a/two"), widget("b/one"));
  assert.deepEqual(names(store.list()), ["a/one", "a/two", "b/one"]);
  assert.deepEqual(names(store.list({ namespace: "a" })), ["a/one", "a/two"]);
  assert.deepEqual(store.list({ namespace: "c" }), []);
});

Deno.test("cluster-scoped objects live in the empty namespace", () => {
  const store = new ObjectStore<Widget>();
  const node = { ...widget("x"), metadata: { name: "node-1" } };
  store.put(keyOf(node), entry(node));
  assert.equal(store.get({ namespace: "", name: "node-1" })?.object, node);
  assert.deepEqual(store.list({ namespace: "" }), [node]);
});

Deno.test("list({labels}) needs every pair", () => {
  const store = filled(
    labelled("a/one", { app: "coder", tier: "web" }),
    labelled("a/two", { app: "coder", tier: "db" }),
    labelled("b/three", { app: "coder", tier: "web" }),
    labelled("b/four", { app: "other", tier: "web" }),
    widget("b/five"),
  );
  assert.deepEqual(names(store.list({ labels: { app: "coder" } })), ["a/one", "a/two", "b/three"]);
  assert.deepEqual(names(store.list({ labels: { app: "coder", tier: "web" } })), ["a/one", "b/three"]);
  assert.deepEqual(names(store.list({ labels: { app: "coder", tier: "web" }, namespace: "b" })), ["b/three"]);
  assert.deepEqual(store.list({ labels: { app: "nobody" } }), []);
  assert.equal(store.list({ labels: {} }).length, 5);
});

Deno.test("list({labels}) follows label changes and deletions", () => {
  const store = filled(labelled("a/one", { app: "coder" }));
  assert.equal(store.list({ labels: { app: "coder" } }).length, 1);
  store.put({ namespace: "a", name: "one" }, entry(labelled("a/one", { app: "renamed" })));
  assert.equal(store.list({ labels: { app: "coder" } }).length, 0);
  assert.equal(store.list({ labels: { app: "renamed" } }).length, 1);
  store.delete({ namespace: "a", name: "one" });
  assert.equal(store.list({ labels: { app: "renamed" } }).length, 0);
});

Deno.test("list({labels}) is right also beyond the number of label keys that are indexed", () => {
  const labels = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`key-${index}`, "yes"]));
  const store = filled(
    labelled("a/one", labels),
    labelled("a/two", { "key-29": "yes" }),
    labelled("b/three", labels),
  );
  for (let index = 0; index < 29; index++) {
    assert.equal(store.list({ labels: { [`key-${index}`]: "yes" } }).length, 2);
  }
  assert.equal(store.list({ labels: { "key-29": "yes" } }).length, 3);
  assert.equal(store.list({ labels: { "key-29": "yes" }, namespace: "a" }).length, 2);
});

Deno.test("byIndex() finds objects by each of their values", () => {
  const store = filled(widget("a/one", 1), widget("a/two", 2), widget("b/three", 1));
  store.addIndex("size", (object) => [String(object.spec?.size), "any"]);
  assert.deepEqual(names(store.byIndex("size", "1")), ["a/one", "b/three"]);
  assert.equal(store.byIndex("size", "any").length, 3);
  assert.deepEqual(store.byIndex("size", "99"), []);
});

Deno.test("an index follows replacements and deletions, whether it came before or after the objects", () => {
  const store = filled(widget("a/old", 1));
  store.addIndex("size", (object) => [String(object.spec?.size)]);
  store.put({ namespace: "a", name: "new" }, entry(widget("a/new", 1)));
  store.put({ namespace: "a", name: "old" }, entry(widget("a/old", 2)));
  assert.deepEqual(names(store.byIndex("size", "1")), ["a/new"]);
  assert.deepEqual(names(store.byIndex("size", "2")), ["a/old"]);
  store.delete({ namespace: "a", name: "new" });
  store.delete({ namespace: "a", name: "old" });
  assert.deepEqual(store.byIndex("size", "1"), []);
  assert.deepEqual(store.byIndex("size", "2"), []);
});

Deno.test("an index name is given once, and an unknown one is an error that names those known", () => {
  const store = filled();
  store.addIndex("owner", () => []);
  assert.throws(() => store.addIndex("owner", () => []), /"owner" exists already/);
  assert.throws(() => store.byIndex("size", "1"), /no index "size" \(known: owner\)/);
});

Deno.test("an index function that throws costs that object its place in that index alone", () => {
  const failures: string[] = [];
  const store = new ObjectStore<Widget>((index, error) =>
    failures.push(`${index}: ${(error as Error).message}`)
  );
  store.addIndex("picky", ({ metadata }) => {
    if (metadata.name === "bad") throw new Error("no");
    return ["all"];
  });
  for (const object of [widget("a/good"), widget("a/bad")]) store.put(keyOf(object), entry(object));
  assert.deepEqual(names(store.byIndex("picky", "all")), ["a/good"]);
  assert.equal(store.list().length, 2);
  assert.deepEqual(failures, ["picky: no"]);
});

Deno.test("after any sequence of changes every way of finding agrees with looking at everything", () => {
  const random = seededRandom(7);
  const pick = (count: number) => Math.floor(random() * count);
  const store = new ObjectStore<Widget>();
  store.addIndex("size", (object) => [`${object.spec?.size}`, "same", "same"]);
  const truth = new Map<string, Widget>();
  for (let round = 0; round < 3000; round++) {
    const key = { namespace: `ns-${pick(3)}`, name: `w-${pick(12)}` };
    const text = `${key.namespace}/${key.name}`;
    if (random() < 0.3) {
      assert.equal(store.delete(key)?.object, truth.get(text));
      truth.delete(text);
    } else {
      const object = widget(text, pick(5), { labels: { tier: `t${pick(4)}` } });
      assert.equal(store.put(key, entry(object))?.object, truth.get(text));
      truth.set(text, object);
    }
    const size = `${pick(5)}`, tier = `t${pick(4)}`, all = [...truth.values()];
    assert.deepEqual(
      names(store.byIndex("size", size)),
      names(all.filter((o) => `${o.spec?.size}` === size)),
    );
    assert.deepEqual(
      names(store.list({ labels: { tier } })),
      names(all.filter((o) => o.metadata.labels?.["tier"] === tier)),
    );
    assert.equal(store.byIndex("size", "same").length, truth.size);
    assert.equal(store.size, truth.size);
  }
});
