import assert from "node:assert/strict";
import { keyText } from "../api/object.ts";
import { controllerKeys, LOW_PRIORITY, owned, presence, primary, type Source, watching } from "./source.ts";
import { changed, controlledBy, FakeInformer, GADGET, key, make, WIDGET } from "./testing/fakes.ts";

/** Starts a source and keeps what it asks for. */
function asked(source: Source) {
  const keys: [string, number][] = [];
  const stop = source.start((key, priority) => keys.push([keyText(key), priority]));
  return { stop, take: () => keys.splice(0) };
}

Deno.test("what exists at the start is asked for at low priority, what comes later at once", () => {
  const informer = new FakeInformer();
  informer.put(make(WIDGET, "old"));
  const { take } = asked(primary(informer));
  assert.deepEqual(take(), [["ns/old", LOW_PRIORITY]]);
  informer.put(make(WIDGET, "new"));
  assert.deepEqual(take(), [["ns/new", 0]]);
  informer.put(make(WIDGET, "relisted"), true);
  assert.deepEqual(take(), [["ns/relisted", LOW_PRIORITY]]);
});

Deno.test("the primary kind ignores its status, and always hears of deletions", () => {
  const informer = new FakeInformer();
  const widget = make(WIDGET, "a");
  informer.put(widget);
  const { take } = asked(primary(informer, { predicate: { deleted: () => false, updated: () => false } }));
  take();
  informer.put(changed(widget, { generation: 2 }));
  assert.deepEqual(take(), []);
  informer.remove(widget);
  assert.deepEqual(take(), [["ns/a", 0]]);
});

Deno.test("a predicate can hold additions back", () => {
  const informer = new FakeInformer();
  informer.put(make(WIDGET, "a"));
  const { take } = asked(primary(informer, { predicate: { added: (_, initial) => !initial } }));
  assert.deepEqual(take(), []);
  informer.put(make(WIDGET, "b"));
  assert.deepEqual(take(), [["ns/b", 0]]);
});

Deno.test("after its end a source asks for nothing", () => {
  const informer = new FakeInformer();
  const { stop, take } = asked(primary(informer));
  stop();
  informer.put(make(WIDGET, "a"));
  assert.deepEqual(take(), []);
  assert.equal(informer.handlers.size, 0);
});

Deno.test("a resync asks for every object of the primary kind at low priority", () => {
  const informer = new FakeInformer();
  informer.put(make(WIDGET, "a"));
  informer.put(make(WIDGET, "b"));
  const keys: [string, number][] = [];
  primary(informer).resync!((key, priority) => keys.push([keyText(key), priority]));
  assert.deepEqual(keys, [["ns/a", LOW_PRIORITY], ["ns/b", LOW_PRIORITY]]);
});

Deno.test("an owned object asks for its controller, and for both when the controller changes", () => {
  const informer = new FakeInformer(GADGET);
  const [first, second] = [make(WIDGET, "first"), make(WIDGET, "second")];
  const { take } = asked(owned(informer, WIDGET));
  const gadget = make(GADGET, "g", { ownerReferences: controlledBy(first) });
  informer.put(gadget);
  assert.deepEqual(take(), [["ns/first", 0]]);
  const moved = changed(gadget, { ownerReferences: controlledBy(second) });
  informer.put(moved);
  assert.deepEqual(take(), [["ns/first", 0], ["ns/second", 0]]);
  informer.put(changed(moved, {}));
  assert.deepEqual(take(), []);
  informer.remove(moved);
  assert.deepEqual(take(), [["ns/second", 0]]);
});

Deno.test("only a controller of the right kind and group counts, in whatever version", () => {
  const owner = make(WIDGET, "w");
  const [reference] = controlledBy(owner);
  const of = (change: object) =>
    controllerKeys(make(GADGET, "g", { ownerReferences: [{ ...reference!, ...change }] }), WIDGET);
  assert.deepEqual(of({}), [key("w")]);
  assert.deepEqual(of({ apiVersion: "example.com/v2beta1" }), [key("w")]);
  assert.deepEqual(of({ controller: false }), []);
  assert.deepEqual(of({ apiVersion: "other.com/v1" }), []);
  assert.deepEqual(of({ apiVersion: "v1" }), []);
  assert.deepEqual(of({ kind: "Gizmo" }), []);
  assert.deepEqual(controllerKeys(make(GADGET, "g"), WIDGET), []);
});

Deno.test("owners of the core group and cluster-scoped owners are found", () => {
  const node = { group: "", version: "v1", kind: "Node", plural: "nodes", namespaced: false };
  const reference = { apiVersion: "v1", kind: "Node", name: "n1", uid: "u", controller: true };
  assert.deepEqual(controllerKeys(make(GADGET, "g", { ownerReferences: [reference] }), node), [
    key("n1", ""),
  ]);
});

Deno.test("any kind can be mapped to the objects it concerns", () => {
  const informer = new FakeInformer(GADGET);
  const { take } = asked(
    watching(informer, (gadget) => [key(gadget.metadata.labels?.["for"] ?? "nobody"), key("all")]),
  );
  const gadget = make(GADGET, "g", { labels: { for: "a" } });
  informer.put(gadget);
  informer.put(changed(gadget, { labels: { for: "b" } }));
  informer.remove(gadget);
  assert.deepEqual(take().map(([name]) => name), [
    ...["ns/a", "ns/all"],
    ...["ns/a", "ns/all", "ns/b"],
    ...["ns/a", "ns/all"],
  ]);
});

Deno.test("a mapped kind can leave deletions out", () => {
  const informer = new FakeInformer(GADGET);
  const { take } = asked(watching(informer, () => [key("a")], { predicate: { deleted: () => false } }));
  informer.remove(make(GADGET, "g"));
  assert.deepEqual(take(), []);
});

Deno.test("a kind that comes or goes asks for those who wait for it, and its objects for nobody", () => {
  const informer = new FakeInformer();
  informer.put(make(WIDGET, "old"));
  const waiting = [key("one")];
  const { stop, take } = asked(presence(informer, () => waiting));
  informer.put(make(WIDGET, "new"));
  assert.deepEqual(take(), []);
  informer.setExists(false);
  assert.deepEqual(take(), [["ns/one", 0]]);
  waiting.push(key("two"));
  informer.setExists(true);
  assert.deepEqual(take(), [["ns/one", 0], ["ns/two", 0]]);
  stop();
  informer.setExists(false);
  assert.deepEqual(take(), []);
});
