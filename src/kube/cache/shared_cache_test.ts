import assert from "node:assert/strict";
import type { KindOptions } from "../informer.ts";
import { createSharedCache } from "./shared_cache.ts";
import { cacheRig, recorder } from "../testing/cache_rig.ts";
import { refusal } from "../testing/fake_api.ts";
import { settle } from "../testing/manual_clock.ts";
import { Gadgets, type Widget, widget, Widgets } from "../testing/objects.ts";

Deno.test("however many ask for a kind, it is listed and watched once", async () => {
  const { api, cache, start, stop } = cacheRig();
  const informers = [cache.informer(Widgets), cache.informer(Widgets, {}), cache.informer({ ...Widgets })];
  assert.equal(new Set(informers).size, 1);
  await start();
  cache.informer(Widgets);
  await settle();
  assert.equal(api.count("list") + api.count("watch"), 1);
  await stop();
});

Deno.test("a second declaration that says the same is welcome, in whatever words", () => {
  const { cache } = cacheRig();
  const transform = (object: Widget) => object;
  const options: KindOptions<Widget> = {
    namespaces: ["a", "b"],
    labelSelector: "app=x",
    metadataOnly: true,
    transform,
  };
  const informer = cache.informer(Widgets, options);
  assert.equal(
    cache.informer(Widgets, { ...options, namespaces: ["b", "a", "a"], optional: false }),
    informer,
  );
});

const conflicts: [what: string, options: KindOptions<Widget>][] = [
  ["namespaces", { namespaces: ["b"] }],
  ["labelSelector", { namespaces: ["a"], labelSelector: "app=x" }],
  ["fieldSelector", { namespaces: ["a"], fieldSelector: "metadata.name=x" }],
  ["metadataOnly", { namespaces: ["a"], metadataOnly: true }],
  ["optional", { namespaces: ["a"], optional: true }],
  ["transform", { namespaces: ["a"], transform: (object) => object }],
  ["derive", { namespaces: ["a"], derive: () => 1 }],
];

for (const [what, options] of conflicts) {
  Deno.test(`a second declaration with other ${what} is refused`, () => {
    const { cache } = cacheRig();
    cache.informer(Widgets, { namespaces: ["a"] });
    assert.throws(
      () => cache.informer(Widgets, options),
      new RegExp(`widgets\\.example\\.com is cached already, with other options \\(${what}\\)`),
    );
  });
}

Deno.test("two versions of one kind are refused, as they are the same objects", () => {
  const { cache } = cacheRig();
  cache.informer(Widgets);
  assert.throws(() => cache.informer({ ...Widgets, version: "v2" }), /other options \(version\)/);
});

Deno.test("it starts once", async () => {
  const { cache, signal, start, stop } = cacheRig();
  await start();
  assert.throws(() => cache.start(signal), /started already/);
  await stop();
});

Deno.test("nothing is asked of the server before the start, and nothing after the end", async () => {
  const { api, cache, start, stop } = cacheRig();
  cache.informer(Widgets);
  await settle();
  assert.equal(api.calls.length, 0);
  await start();
  await stop();
  const calls = api.calls.length;
  cache.informer(Gadgets);
  await settle();
  assert.equal(api.calls.length, calls);
});

Deno.test("a kind that is declared after the start is watched from then on", async () => {
  const { api, cache, clock, start, stop } = cacheRig();
  cache.informer(Widgets);
  await start();
  api.serve(Gadgets, true);
  api.put(Gadgets, widget("a/gadget"));
  const gadgets = cache.informer(Gadgets);
  assert.equal(cache.hasSynced, false);
  await clock.until(() => cache.hasSynced, "the second kind");
  assert.equal(gadgets.list().length, 1);
  await stop();
});

Deno.test("whenSynced() resolves when every kind declared so far has synced", async () => {
  const { api, cache, clock, signal, stop } = cacheRig();
  api.serve(Gadgets, true);
  cache.informer(Widgets);
  cache.informer(Gadgets);
  api.fail("watch", refusal(503, "ServiceUnavailable"));
  cache.start(signal);
  let synced = false;
  const done = cache.whenSynced(signal).then(() => synced = true);
  await settle();
  assert.equal(synced, false);
  assert.equal(cache.hasSynced, false);
  await clock.advance(800);
  await done;
  assert.equal(cache.hasSynced, true);
  await stop();
});

Deno.test("whenSynced() rejects when its signal aborts, before or while it waits", async () => {
  const { cache } = cacheRig();
  cache.informer(Widgets);
  await assert.rejects(cache.whenSynced(AbortSignal.abort(new Error("early"))), /early/);
  const abort = new AbortController();
  const waiting = cache.whenSynced(abort.signal);
  abort.abort(new Error("while waiting"));
  await assert.rejects(waiting, /while waiting/);
});

Deno.test("a cache without kinds has synced, and stops at once", async () => {
  const { cache, signal, stop } = cacheRig();
  assert.equal(cache.hasSynced, true);
  cache.start(signal);
  await cache.whenSynced(signal);
  await stop();
});

Deno.test("troubles() names each kind that is not well, and why, until it is", async () => {
  const { api, cache, clock, signal, stop } = cacheRig();
  api.serve(Gadgets, true);
  cache.informer(Widgets);
  cache.informer(Gadgets);
  assert.deepEqual(cache.troubles(), [
    { resource: "widgets.example.com", why: "not started" },
    { resource: "gadgets.example.com", why: "not started" },
  ]);
  api.fail("watch", refusal(403, "Forbidden"));
  cache.start(signal);
  assert.equal(cache.troubles()[0]?.why, "the first list is not complete yet");
  await settle();
  assert.deepEqual(cache.troubles().map(({ resource }) => resource), ["widgets.example.com"]);
  assert.match(cache.troubles()[0]?.why ?? "", /May not list and watch widgets/);
  await clock.until(() => cache.hasSynced, "recovery");
  assert.deepEqual(cache.troubles(), []);
  await stop();
});

Deno.test("the default cache needs nothing but a client", async () => {
  const { api } = cacheRig();
  api.put(Widgets, widget("a/one"));
  const cache = createSharedCache({ client: api.client });
  const abort = new AbortController();
  const informer = cache.informer(Widgets);
  cache.start(abort.signal);
  await cache.whenSynced(abort.signal);
  assert.equal(informer.list().length, 1);
  abort.abort();
  await cache.whenStopped();
});

Deno.test("a subscriber of one kind that throws disturbs neither itself later nor the other kinds", async () => {
  const { api, cache, logged, start, stop } = cacheRig();
  api.serve(Gadgets, true);
  const heard: string[] = [];
  cache.informer(Widgets).subscribe({
    added: () => {
      throw new Error("bad subscriber");
    },
    updated: (_, after) => void heard.push(`widget ${after.spec?.size}`),
  });
  cache.informer(Gadgets).subscribe(recorder(heard));
  await start();
  api.put(Widgets, widget("a/one", 1));
  api.put(Widgets, widget("a/one", 2));
  api.put(Gadgets, widget("a/two"));
  await settle();
  assert.deepEqual(heard.sort(), ["+a/two", "widget 2"]);
  assert.deepEqual(logged, ["A subscriber of the cache threw"]);
  await stop();
});
