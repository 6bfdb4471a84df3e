import assert from "node:assert/strict";
import { ConfigMaps, Secrets } from "../../src/api/kubernetes/resources.ts";
import type { ConfigMap } from "../../src/api/kubernetes/types.ts";
import { ModelApi } from "./model_api.ts";
import { ModelCache } from "./model_cache.ts";
import { ProcessClock, VirtualClock } from "./virtual_clock.ts";

const key = { namespace: "ns", name: "one" };
const KIND = "configmaps";

function configMap(
  data: Record<string, string> = {},
  labels: Record<string, string> = { app: "x" },
): ConfigMap {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { ...key, labels }, data };
}

function rig() {
  const api = new ModelApi(() => "2026-01-01T00:00:00Z");
  const clock = new VirtualClock();
  const problems: string[] = [];
  const cache = new ModelCache(api, new ProcessClock(clock), (what) => problems.push(what));
  const informer = cache.informer(ConfigMaps, { labelSelector: "app=x" });
  const heard: string[] = [];
  informer.subscribe({
    added: ({ data }) => heard.push(`added ${JSON.stringify(data)}`),
    updated: (_, { data }) => heard.push(`updated ${JSON.stringify(data)}`),
    deleted: () => heard.push("deleted"),
  });
  const pass = (ms: number) => {
    const end = clock.now() + ms;
    while (clock.step(end));
  };
  return { api, cache, informer, heard, problems, pass };
}

Deno.test("nothing is seen before the watch tells it, one event at a time", () => {
  const { api, cache, informer, heard } = rig();
  const made = api.create(ConfigMaps, configMap({ a: "1" }), "user");
  api.update(ConfigMaps, { ...made, data: { a: "2" } }, "user");
  assert.equal(informer.get(key), undefined);
  assert.deepEqual(cache.lagging, [KIND]);
  cache.deliver(KIND);
  assert.deepEqual(informer.get(key)?.data, { a: "1" });
  cache.deliver(KIND);
  assert.deepEqual([cache.lagging, heard], [[], ['added {"a":"1"}', 'updated {"a":"2"}']]);
  api.delete(ConfigMaps, key, "user");
  cache.deliver(KIND);
  cache.deliver(KIND);
  assert.equal(heard.at(-1), "deleted");
});

Deno.test("own writes are seen at once, and older news does not hide them", () => {
  const { api, cache, informer, heard } = rig();
  const made = api.create(ConfigMaps, configMap({ a: "1" }), "user");
  const own = api.update(ConfigMaps, { ...made, data: { a: "2" } }, "operator-1");
  informer.observe(own);
  cache.deliver(KIND);
  assert.deepEqual(informer.get(key)?.data, { a: "2" });
  cache.deliver(KIND);
  assert.deepEqual(heard, ['added {"a":"2"}']);
  informer.observeDeleted(own);
  assert.equal(informer.get(key), undefined);
});

Deno.test("an own write that the watch never tells of goes after a while", () => {
  const { api, cache, informer, pass } = rig();
  const made = api.create(ConfigMaps, configMap({ a: "1" }), "user");
  cache.deliver(KIND);
  informer.observe({ ...made, metadata: { ...made.metadata, resourceVersion: "lost" }, data: { a: "2" } });
  assert.deepEqual(informer.get(key)?.data, { a: "2" });
  pass(119_000);
  assert.deepEqual(informer.get(key)?.data, { a: "2" });
  pass(1_000);
  assert.deepEqual(informer.get(key)?.data, { a: "1" });
});

Deno.test("a watch that stands still is opened again, and tells all that has happened", () => {
  const { api, cache, informer, pass } = rig();
  const made = api.create(ConfigMaps, configMap({ a: "1" }), "user");
  pass(60_000);
  api.update(ConfigMaps, { ...made, data: { a: "2" } }, "user");
  pass(29_999);
  assert.equal(informer.get(key), undefined);
  pass(1);
  assert.deepEqual([informer.get(key)?.data, cache.lagging], [{ a: "2" }, []]);
});

Deno.test("a list shows all that there is, and what was to be told is old", () => {
  const { api, cache, informer, heard } = rig();
  const made = api.create(ConfigMaps, configMap({ a: "1" }), "user");
  api.update(ConfigMaps, { ...made, data: { a: "2" } }, "user");
  cache.relist(KIND);
  assert.deepEqual([informer.get(key)?.data, cache.lagging], [{ a: "2" }, []]);
  assert.deepEqual(heard, ['added {"a":"2"}']);
});

Deno.test("an object that loses its label is gone for those who ask for it", () => {
  const { api, cache, informer, heard } = rig();
  const made = api.create(ConfigMaps, configMap(), "user");
  cache.deliver(KIND);
  const bare = api.update(ConfigMaps, { ...made, metadata: { ...made.metadata, labels: {} } }, "operator-1");
  informer.observe(bare);
  assert.equal(informer.get(key), undefined);
  api.update(ConfigMaps, { ...bare, metadata: { ...bare.metadata, labels: { app: "x" } } }, "user");
  for (let i = 0; i < 2; i++) cache.deliver(KIND);
  assert.deepEqual(heard.map((text) => text.split(" ")[0]), ["added", "deleted", "added"]);
});

Deno.test("indexes, labels, facts and metadata alone are as the real cache has them", () => {
  const api = new ModelApi(() => "2026-01-01T00:00:00Z");
  api.create(Secrets, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { ...key, labels: { a: "b" } },
    data: { k: btoa("v") },
  }, "u");
  const problems: string[] = [];
  const cache = new ModelCache(api, new ProcessClock(new VirtualClock()), (what) => problems.push(what));
  const informer = cache.informer(Secrets, {
    metadataOnly: true,
    derive: ({ data }) => Object.keys(data ?? {}),
  });
  assert.equal(cache.informer(Secrets), informer);
  assert.equal(informer.get(key)?.data, undefined);
  assert.equal(informer.get(key)?.metadata.managedFields, undefined);
  assert.deepEqual(informer.derived(key), ["k"]);
  informer.addIndex("by-name", ({ metadata }) => [metadata.name ?? ""]);
  assert.equal(informer.byIndex("by-name", "one").length, 1);
  assert.equal(informer.list({ namespace: "ns", labels: { a: "b" } }).length, 1);
  informer.addIndex("broken", () => {
    throw new Error("no");
  });
  assert.match(problems.join(), /index broken/);
  assert.deepEqual(cache.troubles(), []);
});

Deno.test("a process that has died hears nothing more", async () => {
  const { api, cache } = rig();
  cache.start();
  await cache.whenSynced();
  cache.stop();
  api.create(ConfigMaps, configMap(), "user");
  assert.deepEqual(cache.lagging, []);
});
