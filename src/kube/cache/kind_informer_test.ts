import assert from "node:assert/strict";
import { CRD_TYPE } from "./dynamic_kinds.ts";
import { cacheRig, recorder, shownBy } from "../testing/cache_rig.ts";
import { refusal } from "../testing/fake_api.ts";
import { settle } from "../testing/manual_clock.ts";
import { Gadgets, type Widget, widget, Widgets } from "../testing/objects.ts";

const one = { namespace: "a", name: "one" };
const CRD = { metadata: { name: "gadgets.example.com" } };

Deno.test("objects, namespaces, labels, indexes and derived facts are found as the server changes them", async () => {
  const { api, cache, start, stop } = cacheRig();
  const informer = cache.informer(Widgets, { derive: ({ metadata }) => metadata.managedFields?.length ?? 0 });
  informer.addIndex("size", ({ spec }) => [`${spec?.size}`]);
  api.put(Widgets, widget("a/one", 1, { labels: { app: "x" }, managedFields: [{}, {}] }));
  api.put(Widgets, widget("b/two", 2, { labels: { app: "x" } }));
  await start();
  assert.equal(informer.get(one)?.spec?.size, 1);
  assert.equal(informer.derived(one), 2);
  assert.equal(informer.get(one)?.metadata.managedFields, undefined);
  assert.equal(informer.derived({ namespace: "a", name: "none" }), undefined);
  assert.equal(informer.list().length, 2);
  assert.equal(informer.list({ namespace: "b" }).length, 1);
  assert.equal(informer.list({ labels: { app: "x" } }).length, 2);
  assert.equal(informer.byIndex("size", "2")[0]?.metadata.name, "two");
  api.put(Widgets, widget("a/one", 2, { managedFields: [{}] }));
  await settle();
  assert.equal(informer.byIndex("size", "2").length, 2);
  assert.equal(informer.derived(one), 1);
  informer.addIndex("late", ({ metadata }) => [metadata.namespace ?? ""]);
  assert.equal(informer.byIndex("late", "a").length, 1);
  await stop();
});

Deno.test("a subscriber hears the first list as initial, later changes as not, and is quiet after its end", async () => {
  const { api, cache, start, stop } = cacheRig();
  const heard: string[] = [];
  api.put(Widgets, widget("a/one"));
  const end = cache.informer(Widgets).subscribe(recorder(heard));
  await start();
  api.put(Widgets, widget("a/two"));
  api.put(Widgets, widget("a/one", 1));
  api.delete(Widgets, one);
  await settle();
  assert.deepEqual(heard, ["+a/one!", "+a/two", "~a/one", "-a/one"]);
  const late: string[] = [];
  cache.informer(Widgets).subscribe(recorder(late));
  assert.deepEqual(late, ["+a/two!"]);
  end();
  api.put(Widgets, widget("a/three"));
  await settle();
  assert.equal(heard.length, 4);
  assert.deepEqual(late, ["+a/two!", "+a/three"]);
  await stop();
});

Deno.test("a relist tells exactly what was missed", async () => {
  const { api, cache, clock, start, stop } = cacheRig();
  const informer = cache.informer(Widgets);
  for (const name of ["same", "changed", "gone", "remade"]) api.put(Widgets, widget(`a/${name}`));
  await start();
  const heard: string[] = [];
  informer.subscribe(recorder(heard));
  heard.length = 0;
  api.hold(true);
  api.watches()[0]!.cut();
  api.put(Widgets, widget("a/changed", 1));
  api.put(Widgets, widget("a/new"));
  for (const name of ["gone", "remade"]) api.delete(Widgets, { namespace: "a", name });
  api.put(Widgets, widget("a/remade", 5));
  api.compact();
  api.hold(false);
  await clock.until(() => heard.length > 0, "the relist");
  assert.deepEqual(heard.sort(), ["+a/new!", "+a/remade!", "-a/gone", "-a/remade", "~a/changed"]);
  assert.deepEqual(shownBy(informer), api.truth(Widgets));
  await stop();
});

Deno.test("several namespaces are one list and watch each; the kind has synced when all have", async () => {
  const { api, cache, clock, signal, stop } = cacheRig();
  const informer = cache.informer(Widgets, { namespaces: ["b", "a", "b"] });
  for (const key of ["a/one", "b/two", "c/three"]) api.put(Widgets, widget(key));
  api.fail("watch", refusal(403, "Forbidden"));
  cache.start(signal);
  await settle();
  assert.equal(informer.hasSynced, false);
  assert.match(informer.trouble, /in namespace "a"/);
  await clock.until(() => informer.hasSynced, "both namespaces");
  assert.deepEqual(Object.keys(shownBy(informer)).sort(), ["a/one", "b/two"]);
  assert.deepEqual(api.watches().length, 2);
  api.put(Widgets, widget("b/four"));
  api.put(Widgets, widget("c/five"));
  await settle();
  assert.deepEqual(Object.keys(shownBy(informer)).sort(), ["a/one", "b/four", "b/two"]);
  await stop();
});

Deno.test("namespaces mean nothing to a cluster-scoped kind", async () => {
  const { api, cache, start, stop } = cacheRig();
  const type = { ...Gadgets, namespaced: false };
  api.serve(type, true);
  api.put(type, { ...widget("x"), metadata: { name: "global" } });
  const informer = cache.informer(type, { namespaces: ["a"] });
  await start();
  assert.equal(informer.get({ namespace: "", name: "global" })?.metadata.name, "global");
  assert.equal(api.calls[0]?.options.namespace, undefined);
  await stop();
});

Deno.test("a metadata-only kind never carries data, however it comes in", async () => {
  const { api, cache, start, stop } = cacheRig();
  const informer = cache.informer(Widgets, { metadataOnly: true });
  const secret = { ...widget("a/one"), data: { password: "c2VjcmV0" } };
  api.put(Widgets, secret);
  await start();
  const updated = api.put(Widgets, { ...secret, data: { password: "bmV3" } });
  informer.observe(updated);
  informer.observe({
    ...secret,
    metadata: { ...secret.metadata, name: "two", uid: "u2", resourceVersion: "r2" },
  });
  await settle();
  assert.equal(informer.list().length, 2);
  for (const object of informer.list()) {
    assert.deepEqual(Object.keys(object).sort(), ["apiVersion", "kind", "metadata"]);
  }
  await stop();
});

Deno.test("a write is seen at once, its subscriber hears of it once, and the caller's object stays the caller's", async () => {
  const { api, cache, start, stop } = cacheRig();
  const informer = cache.informer(Widgets);
  api.put(Widgets, widget("a/one", 1));
  await start();
  const heard: string[] = [];
  informer.subscribe(recorder(heard));
  api.hold(true);
  const result = api.put(Widgets, widget("a/one", 2, { managedFields: [{}] }));
  informer.observe(result);
  assert.equal(informer.get(one)?.spec?.size, 2);
  result.spec!.size = 99;
  result.metadata.managedFields?.push({});
  assert.equal(informer.get(one)?.spec?.size, 2);
  api.hold(false);
  await settle();
  assert.deepEqual(heard, ["+a/one!", "~a/one"]);
  await stop();
});

Deno.test("a delete is seen at once, and its subscriber hears of it once", async () => {
  const { api, cache, start, stop } = cacheRig();
  const informer = cache.informer(Widgets);
  api.put(Widgets, widget("a/one", 1));
  await start();
  const heard: string[] = [];
  informer.subscribe(recorder(heard));
  api.hold(true);
  api.delete(Widgets, one);
  informer.observeDeleted(informer.get(one)!);
  assert.equal(informer.get(one), undefined);
  api.hold(false);
  await settle();
  assert.deepEqual(heard, ["+a/one!", "-a/one"]);
  await stop();
});

Deno.test("a write that the watch never delivers gives way after two minutes, by itself", async () => {
  const { api, cache, clock, start, stop } = cacheRig();
  const informer = cache.informer(Widgets);
  const before = api.put(Widgets, widget("a/one", 1));
  await start();
  const heard: string[] = [];
  informer.subscribe(recorder(heard));
  informer.observe({
    ...before,
    metadata: { ...before.metadata, resourceVersion: "never" },
    spec: { size: 2 },
  });
  await clock.advance(10_000);
  informer.observeDeleted({ ...widget("a/two"), metadata: { namespace: "a", name: "two", uid: "u2" } });
  await clock.advance(109_999);
  assert.equal(informer.get(one)?.spec?.size, 2);
  await clock.advance(1);
  assert.equal(informer.get(one)?.spec?.size, 1);
  assert.deepEqual(heard, ["+a/one!", "~a/one", "~a/one"]);
  await clock.advance(60_000);
  await stop();
});

Deno.test("a write before the start is seen, and ends with the first list", async () => {
  const { api, cache, start, stop } = cacheRig();
  const informer = cache.informer(Widgets);
  const written = api.put(Widgets, widget("a/one", 1));
  informer.observe(written);
  assert.equal(informer.get(one)?.spec?.size, 1);
  api.put(Widgets, widget("a/one", 2));
  await start();
  assert.equal(informer.get(one)?.spec?.size, 2);
  await stop();
});

Deno.test("a write that the watch would not show is not shown either", async () => {
  const { api, cache, start, stop } = cacheRig();
  const informer = cache.informer(Widgets, { namespaces: ["a"], labelSelector: "app=x" });
  api.put(Widgets, widget("a/one", 1, { labels: { app: "x" } }));
  await start();
  informer.observe({ ...widget("b/two", 1, { uid: "u2", resourceVersion: "r2", labels: { app: "x" } }) });
  informer.observe({ ...widget("a/three", 1, { uid: "u3", resourceVersion: "r3" }) });
  assert.deepEqual(Object.keys(shownBy(informer)), ["a/one"]);
  api.hold(true);
  informer.observe(api.put(Widgets, widget("a/one", 1, { labels: { app: "y" } })));
  assert.deepEqual(shownBy(informer), {}, "it has left the selection");
  api.hold(false);
  await settle();
  assert.deepEqual(shownBy(informer), {});
  await stop();
});

Deno.test("an observed object without a name is refused and counted", async () => {
  const { cache, logged, start, stop } = cacheRig();
  const informer = cache.informer(Widgets);
  await start();
  informer.observe({ ...widget("x"), metadata: {} });
  assert.deepEqual(logged, ["In the cache: what the API server sent is no object with a name"]);
  await stop();
});

Deno.test("an index function that throws is logged and harms nothing else", async () => {
  const { api, cache, logged, start, stop } = cacheRig();
  const informer = cache.informer(Widgets);
  informer.addIndex("bad", () => {
    throw new Error("no");
  });
  api.put(Widgets, widget("a/one"));
  await start();
  assert.equal(informer.list().length, 1);
  assert.deepEqual(informer.byIndex("bad", "x"), []);
  assert.deepEqual(logged, ["In the cache: index bad threw"]);
  await stop();
});

Deno.test("an optional kind counts as synced while it is absent, starts with its CRD and ends with it", async () => {
  const { api, cache, clock, logged, start, stop } = cacheRig();
  api.serve(CRD_TYPE, true);
  api.serve(Gadgets, false);
  const informer = cache.informer(Gadgets, { optional: true });
  const heard: string[] = [];
  const told: string[] = [];
  informer.subscribe({
    ...recorder(heard),
    presence: (exists) => told.push(`${exists} ${informer.exists} ${informer.list().length}`),
  });
  await start();
  assert.deepEqual([informer.exists, informer.hasSynced, informer.trouble], [false, true, ""]);
  await clock.advance(60_000);
  assert.deepEqual(told, [], "still absent is no news");
  const before = clock.now();
  api.put(CRD_TYPE, CRD);
  await settle();
  api.serve(Gadgets, true);
  api.put(Gadgets, widget("a/one"));
  await clock.until(() => informer.list().length === 1, "the kind is watched");
  assert.ok(clock.now() - before < 2_000, `took ${clock.now() - before} ms`);
  assert.equal(informer.exists, true);
  assert.equal(cache.hasSynced, true, "readiness never goes red for a kind that comes");

  // The server forgets the objects without telling, and leaves the watch open, as some do.
  api.hold(true);
  api.delete(CRD_TYPE, { namespace: "", name: "gadgets.example.com" });
  api.serve(Gadgets, false);
  api.watches(CRD_TYPE)[0]!.cut();
  api.watches(Gadgets)[0]!.frozen = true;
  api.hold(false);
  await clock.until(() => !informer.exists, "the kind is gone");
  assert.deepEqual(informer.list(), []);
  assert.deepEqual(heard, ["+a/one!", "-a/one"]);
  assert.deepEqual(
    told,
    ["true true 0", "false false 1"],
    "the kind comes before its objects, and goes before",
  );
  assert.deepEqual([informer.hasSynced, informer.trouble], [true, ""]);
  assert.deepEqual(logged.filter((line) => !line.includes("connection reset")), []);

  api.serve(Gadgets, true);
  api.put(CRD_TYPE, CRD);
  api.put(Gadgets, widget("a/again"));
  await clock.until(() => informer.list().length === 1, "it is back");
  await stop();
});

Deno.test("CRDs are watched only where a kind may be absent, and are no kind of the cache to the outside", async () => {
  const { api, cache, start, stop } = cacheRig();
  api.serve(CRD_TYPE, true);
  cache.informer(Widgets);
  await start();
  assert.equal(api.count("watch", CRD_TYPE), 0);
  cache.informer(Gadgets, { optional: true });
  await settle();
  assert.equal(api.count("watch", CRD_TYPE), 1);
  await stop();
});

Deno.test("where CRDs are forbidden the cache is well all the same", async () => {
  const { api, cache, clock, signal, stop } = cacheRig();
  api.serve(Gadgets, false);
  api.fail("watch", refusal(403, "Forbidden"), Infinity);
  api.fail("list", refusal(403, "Forbidden"), Infinity);
  const informer = cache.informer(Gadgets, { optional: true });
  cache.start(signal);
  await clock.until(() => cache.hasSynced, "synced");
  assert.deepEqual(cache.troubles(), []);
  api.heal();
  api.serve(Gadgets, true);
  await clock.until(() => informer.exists, "found by asking", 30_000);
  await stop();
});

Deno.test("a needed kind whose CRD is missing is waited for, said so, and starts with its CRD", async () => {
  const { api, cache, clock, logged, signal, stop } = cacheRig();
  api.serve(CRD_TYPE, true);
  api.serve(Gadgets, false);
  const informer = cache.informer(Gadgets);
  cache.start(signal);
  await clock.advance(60_000);
  assert.deepEqual([informer.exists, informer.hasSynced, cache.hasSynced], [false, false, false]);
  assert.match(informer.trouble, /^CRD gadgets\.example\.com is not installed/);
  assert.equal(logged.length, 1, "it is logged once");
  const before = clock.now();
  api.put(CRD_TYPE, CRD);
  api.serve(Gadgets, true);
  await clock.until(() => informer.hasSynced, "the kind");
  assert.ok(clock.now() - before < 2_000, `took ${clock.now() - before} ms`);
  assert.deepEqual([informer.exists, informer.trouble], [true, ""]);
  await stop();
});

Deno.test("a needed kind that goes is emptied, said so, and comes back", async () => {
  const { api, cache, clock, start, stop } = cacheRig();
  api.serve(CRD_TYPE, true);
  api.put(Widgets, widget("a/one"));
  const informer = cache.informer(Widgets);
  await start();
  api.serve(Widgets, false);
  api.watches(Widgets)[0]!.close();
  await clock.until(() => !informer.exists, "the kind is gone");
  assert.deepEqual(informer.list(), []);
  assert.match(informer.trouble, /CRD widgets\.example\.com is not installed/);
  assert.equal(informer.hasSynced, true, "once synced, always synced");
  api.serve(Widgets, true);
  api.put(Widgets, widget("a/two"));
  await clock.until(() => informer.list().length === 1, "it is back");
  assert.equal(informer.trouble, "");
  await stop();
});

Deno.test("a 404 that discovery does not confirm empties nothing", async () => {
  const { api, cache, clock, start, stop } = cacheRig();
  api.put(Widgets, widget("a/one"));
  const informer = cache.informer(Widgets);
  await start();
  const heard: string[] = [];
  informer.subscribe(recorder(heard));
  api.fail("watch", refusal(404, "NotFound"), 2);
  api.watches()[0]!.cut();
  await clock.advance(10_000);
  assert.equal(api.watches(Widgets).length, 1);
  assert.deepEqual(heard, ["+a/one!"]);
  assert.equal(informer.trouble, "");
  await stop();
});

Deno.test("one namespace that finds the kind missing ends the watches of the others too", async () => {
  const { api, cache, clock, start, stop } = cacheRig();
  const informer = cache.informer(Widgets, { namespaces: ["a", "b"] });
  for (const key of ["a/one", "b/two"]) api.put(Widgets, widget(key));
  await start();
  api.serve(Widgets, false);
  api.watches(Widgets)[0]!.close();
  await clock.until(() => !informer.exists, "the kind is gone");
  assert.equal(api.watches(Widgets).length, 0);
  assert.deepEqual(informer.list(), []);
  await stop();
});

Deno.test("while discovery cannot tell, the trouble says why", async () => {
  const { api, cache, clock, signal, stop } = cacheRig();
  api.serve(CRD_TYPE, true);
  api.serve(Gadgets, true);
  api.fail("raw", refusal(503, "ServiceUnavailable"), 3);
  const informer = cache.informer(Gadgets, { optional: true });
  cache.start(signal);
  await settle();
  assert.match(informer.trouble, /Cannot tell whether gadgets\.example\.com is served: ServiceUnavailable/);
  assert.equal(informer.hasSynced, false);
  await clock.until(() => informer.hasSynced && informer.exists, "an answer");
  assert.equal(informer.trouble, "");
  await stop();
});

Deno.test("cached objects cannot be changed by their readers", async () => {
  const { api, cache, start, stop } = cacheRig();
  api.put(Widgets, widget("a/one"));
  const informer = cache.informer(Widgets);
  await start();
  assert.throws(() => informer.get(one)!.spec!.size = 7, TypeError);
  const heard: Widget[] = [];
  informer.subscribe({ added: (object) => void heard.push(object) });
  assert.equal(heard[0], informer.get(one), "the same object, not a copy");
  await stop();
});
