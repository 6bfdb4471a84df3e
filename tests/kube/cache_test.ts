/** The shared cache on a real API server. */
import assert from "node:assert/strict";
import { ConfigMaps, Secrets, Services } from "../../src/api/kubernetes/resources.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { KubeApiError } from "../../src/kube/errors.ts";
import type { ConfigMap } from "../../src/api/kubernetes/types.ts";
import { waitFor } from "../cluster/mod.ts";
import {
  configMap,
  mirror,
  READ_CORE,
  READ_CRDS,
  testCrd,
  testKind,
  truthOf,
  versions,
  waitForTruth,
  withCache,
} from "./cache_harness.ts";

const uniqueGroup = () => `cache-${crypto.randomUUID().slice(0, 8)}.example.com`;

Deno.test("however many components ask, the API server sees one LIST/WATCH a kind", async () => {
  await withCache(
    { clusterRules: [READ_CORE] },
    async ({ cluster, cache, start, user, admin, namespace }) => {
      const mark = await cluster.audit.mark();
      for (let component = 0; component < 3; component++) {
        cache.informer(ConfigMaps);
        cache.informer(Secrets, { metadataOnly: true });
        cache.informer(Services, {});
      }
      await start();
      for (let component = 0; component < 3; component++) {
        cache.informer(ConfigMaps).subscribe({});
        cache.informer(Secrets).list();
      }
      await admin.create(ConfigMaps, configMap(namespace, "one"));
      await waitFor(() => cache.informer(ConfigMaps).get({ namespace, name: "one" }), { what: "the watch" });
      const seen = (await cluster.audit.since(mark)).listWatchCount(user);
      const once = { list: 0, watch: 1 };
      assert.deepEqual(seen, { configmaps: once, secrets: once, services: once });
    },
  );
});

Deno.test("Secrets are cached as metadata alone, by watch and by list, at the start and later", async () => {
  for (const watchList of [true, false]) {
    await withCache({ clusterRules: [READ_CORE], cache: { watchList } }, async (harness) => {
      const { admin, cache, namespace, start, cluster, user } = harness;
      const secret = (name: string, value: string) => ({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { namespace, name, labels: { app: "coder" } },
        stringData: { password: value },
      });
      await admin.create(Secrets, secret("first", "hunter2-first"));
      const mark = await cluster.audit.mark();
      const secrets = cache.informer(Secrets, { metadataOnly: true });
      await start();
      const second = await admin.create(Secrets, secret("second", "hunter2-second"));
      await waitForTruth(harness, secrets);
      secrets.observe(second);
      const { labels, ...spec } = second.metadata;
      await admin.update(Secrets, {
        ...second,
        metadata: { ...spec, labels: { ...labels, changed: "yes" } },
      });
      await waitForTruth(harness, secrets);
      assert.deepEqual(
        secrets.list({ namespace, labels: { changed: "yes" } }).map(({ metadata }) => metadata.name),
        [
          "second",
        ],
      );
      for (const object of secrets.list()) {
        assert.deepEqual(Object.keys(object).sort(), ["apiVersion", "kind", "metadata"]);
        assert.equal(object.kind, "Secret");
        assert.equal(object.metadata.managedFields, undefined);
      }
      const counts = (await cluster.audit.since(mark)).listWatchCount(user);
      assert.deepEqual(counts, { secrets: { list: watchList ? 0 : 1, watch: 1 } });
    });
  }
});

Deno.test("several namespaces are watched one by one, with rights in those alone", async () => {
  await withCache({ rules: [READ_CORE] }, async (harness) => {
    const { cluster, namespace, cache, start, admin, user, allow } = harness;
    const second = await cluster.newNamespace("cache");
    const other = await cluster.newNamespace("cache");
    await allow(second, [READ_CORE]);
    for (const where of [namespace, second, other]) await admin.create(ConfigMaps, configMap(where, "one"));
    const mark = await cluster.audit.mark();
    const informer = cache.informer(ConfigMaps, { namespaces: [namespace, second] });
    await start();
    for (const where of [namespace, second, other]) await admin.create(ConfigMaps, configMap(where, "two"));
    for (const where of [namespace, second]) await waitForTruth({ admin, namespace: where }, informer);
    assert.deepEqual(informer.list({ namespace: other }), []);
    const view = await cluster.audit.since(mark);
    assert.deepEqual(view.listWatchCount(user), { configmaps: { list: 0, watch: 2 } });
    assert.deepEqual(view.denied(user), []);
  });
});

Deno.test("a long list comes in pages, and what changes meanwhile is not lost", async () => {
  const options = { clusterRules: [READ_CORE], cache: { watchList: false, pageSize: 5 } };
  await withCache(options, async ({ admin, cache, namespace, start, faults }) => {
    const names = Array.from({ length: 23 }, (_, index) => `page-${index}`);
    for (const name of names) await admin.create(ConfigMaps, configMap(namespace, name));
    const informer = cache.informer(ConfigMaps, { namespaces: [namespace] });
    const slow = faults.delay(100, { verb: "list" });
    const changing = (async () => {
      await waitFor(() => faults.count({ verb: "list" }) >= 2, { what: "the second page", intervalMs: 5 });
      await admin.delete(ConfigMaps, { namespace, name: "page-22" });
      await admin.create(ConfigMaps, configMap(namespace, "late"));
    })();
    await start();
    await changing;
    slow.remove();
    await waitForTruth({ admin, namespace }, informer);
    // 23 of ours and the CA bundle that every namespace has, five a page.
    assert.equal(faults.count({ verb: "list" }), 5);
    assert.ok(faults.requests({ verb: "list" }).every(({ query }) => query.get("limit") === "5"));
  });
});

Deno.test("a continue token that has expired starts the list again in one piece", async () => {
  let expire = true;
  // Not by the fault rig: Deno 2.9.4 can lose the answer to a request that comes while the answer before it on the same
  // connection is complete but not ended, as a proxy's are.
  const wrap = (client: KubeClient): KubeClient => ({
    ...client,
    list(type, options) {
      if (!expire || options?.continue === undefined) return client.list(type, options);
      expire = false;
      const call = { method: "GET", path: "/api/v1/configmaps" };
      return Promise.reject(
        new KubeApiError(410, "Expired", "The provided continue parameter is too old", call),
      );
    },
  });
  const options = { clusterRules: [READ_CORE], cache: { watchList: false, pageSize: 2 }, wrap };
  await withCache(options, async ({ admin, cache, namespace, start, faults }) => {
    for (const name of ["one", "two", "three"]) await admin.create(ConfigMaps, configMap(namespace, name));
    const informer = cache.informer(ConfigMaps, { namespaces: [namespace] });
    await start();
    await waitForTruth({ admin, namespace }, informer);
    const limits = faults.requests({ verb: "list" }).map(({ query }) => query.get("limit"));
    assert.deepEqual(limits, ["2", null]);
  });
});

Deno.test("objects that leave a label selector are deleted, those that come into it added", async () => {
  await withCache({ clusterRules: [READ_CORE] }, async ({ admin, cache, namespace, start }) => {
    const informer = cache.informer(ConfigMaps, { namespaces: [namespace], labelSelector: "app=coder" });
    const { known, errors, handler } = mirror();
    informer.subscribe(handler);
    const mine = await admin.create(ConfigMaps, configMap(namespace, "mine", {}, { app: "coder" }));
    const other = await admin.create(ConfigMaps, configMap(namespace, "other", {}, { app: "other" }));
    await start();
    assert.deepEqual([...known.keys()], [`${namespace}/mine`]);
    const labelled = (object: ConfigMap, app: string) =>
      admin.update(ConfigMaps, { ...object, metadata: { ...object.metadata, labels: { app } } });
    await labelled(mine, "other");
    await labelled(other, "coder");
    await waitFor(() => known.size === 1 && known.has(`${namespace}/other`), { what: "the exchange" });
    assert.deepEqual(Object.keys(versions(informer.list())), [`${namespace}/other`]);
    assert.deepEqual(errors, []);
  });
});

Deno.test("an object of 1 MB comes through list, watch and update, whole", async () => {
  await withCache({ clusterRules: [READ_CORE] }, async (harness) => {
    const { admin, cache, namespace, start } = harness;
    // 990,000 bytes, with characters of two bytes at every place where a chunk may end.
    const text = (seed: number) =>
      Array.from(
        { length: 99_000 },
        (_, index) => ((index * 2_654_435_761 + seed) >>> 0).toString(16).padStart(8, "0"),
      )
        .join("ä");
    await admin.create(ConfigMaps, configMap(namespace, "big", { text: text(1) }));
    const informer = cache.informer(ConfigMaps, { namespaces: [namespace] });
    await start();
    const big = () => informer.get({ namespace, name: "big" })?.data?.["text"];
    assert.equal(big() === text(1), true);
    const created = await admin.create(ConfigMaps, configMap(namespace, "second", { text: text(2) }));
    await waitFor(() => informer.get({ namespace, name: "second" })?.data?.["text"] === text(2), {
      what: "the watch",
    });
    await admin.update(ConfigMaps, { ...created, data: { text: text(3) } });
    await waitFor(() => informer.get({ namespace, name: "second" })?.data?.["text"] === text(3), {
      what: "the update",
    });
    assert.ok(new TextEncoder().encode(text(3)).length > 980_000);
  });
});

Deno.test("own writes are read at once though the watch is a second behind, and are told once", async () => {
  await withCache({ clusterRules: [READ_CORE] }, async (harness) => {
    const { admin, cache, namespace, start, faults } = harness;
    const informer = cache.informer(ConfigMaps, { namespaces: [namespace] });
    await start();
    const told: string[] = [];
    informer.subscribe({
      added: ({ metadata, data }, initial) =>
        void (initial || told.push(`added ${metadata.name} ${data?.["v"]}`)),
      updated: (_, { metadata, data }) => void told.push(`updated ${metadata.name} ${data?.["v"]}`),
      deleted: ({ metadata }) => void told.push(`deleted ${metadata.name}`),
    });
    using _behind = faults.delayEvents(1_000, { watch: true });
    const shown = () => informer.get({ namespace, name: "mine" })?.data?.["v"];
    let object = await admin.create(ConfigMaps, configMap(namespace, "mine", { v: "1" }));
    informer.observe(object);
    assert.equal(shown(), "1");
    for (const v of ["2", "3"]) {
      object = await admin.update(ConfigMaps, { ...object, data: { v } });
      informer.observe(object);
      assert.equal(shown(), v);
    }
    const foreign = await admin.update(ConfigMaps, { ...object, data: { v: "foreign" } });
    await waitFor(() => shown() === "foreign", { what: "somebody else's later write" });
    await admin.delete(ConfigMaps, { namespace, name: "mine" });
    informer.observeDeleted(foreign);
    assert.equal(shown(), undefined);
    informer.observe(await admin.create(ConfigMaps, configMap(namespace, "mine", { v: "again" })));
    assert.equal(shown(), "again");
    await admin.create(ConfigMaps, configMap(namespace, "end"));
    await waitFor(() => informer.get({ namespace, name: "end" }), { what: "the watch to catch up" });
    assert.deepEqual(told, [
      "added mine 1",
      "updated mine 2",
      "updated mine 3",
      "updated mine foreign",
      "deleted mine",
      "added mine again",
      "added end undefined",
    ]);
    assert.deepEqual(versions(informer.list()), await truthOf(admin, ConfigMaps, namespace));
  });
});

Deno.test("an optional kind is watched soon after its CRD comes, and emptied when it goes", async () => {
  const group = uniqueGroup();
  const rules = [READ_CRDS, { apiGroups: [group], resources: ["gizmos"], verbs: ["list", "watch"] }];
  await withCache(
    { clusterRules: rules },
    async ({ cluster, admin, cache, namespace, start, user, logged }) => {
      const type = testKind(group);
      const informer = cache.informer(type, { optional: true });
      const { known, errors, handler } = mirror();
      informer.subscribe(handler);
      await start();
      assert.deepEqual([informer.exists, informer.hasSynced, informer.trouble], [false, true, ""]);
      const gizmo = { apiVersion: `${group}/v1`, kind: "Gizmo", metadata: { namespace, name: "one" } };
      for (let time = 1; time <= 2; time++) {
        await cluster.request(
          "POST",
          "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
          testCrd(group),
        );
        const created = performance.now();
        await waitFor(() => informer.exists, { what: "the kind to exist", intervalMs: 10 });
        assert.ok(performance.now() - created < 30_000, `it took ${performance.now() - created} ms`);
        await waitFor(() => admin.create(type, gizmo), { what: "a gizmo to be accepted" });
        await waitFor(() => known.size === 1, { what: "the gizmo in the cache" });
        const crd = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gizmos.${group}`;
        await cluster.request("DELETE", crd);
        await waitFor(() => !informer.exists, { what: "the kind to be gone" });
        assert.deepEqual([informer.list(), known.size, informer.hasSynced, informer.trouble], [
          [],
          0,
          true,
          "",
        ]);
        await waitFor(async () => await cluster.find(crd) === undefined, { what: "the CRD to be gone" });
      }
      assert.deepEqual(errors, []);
      assert.deepEqual((await cluster.audit.since()).denied(user), []);
      assert.equal(logged.some((line) => line.includes("threw")), false, logged.join("\n"));
    },
  );
});

Deno.test("a needed kind without its CRD is waited for and said so, and starts promptly when it comes", async () => {
  const group = uniqueGroup();
  const rules = [READ_CRDS, READ_CORE, {
    apiGroups: [group],
    resources: ["gizmos"],
    verbs: ["list", "watch"],
  }];
  await withCache({ clusterRules: rules }, async ({ cluster, cache, signal, logged }) => {
    const informer = cache.informer(testKind(group));
    const others = cache.informer(ConfigMaps);
    cache.start(signal);
    await waitFor(() => others.hasSynced && informer.trouble.startsWith("CRD gizmos"), {
      what: "the trouble",
    });
    assert.match(informer.trouble, new RegExp(`^CRD gizmos\\.${group} is not installed`));
    assert.deepEqual([cache.hasSynced, informer.exists, cache.troubles().length], [false, false, 1]);
    assert.equal(logged.filter((line) => line.startsWith("CRD gizmos")).length, 1);
    await cluster.request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", testCrd(group));
    const created = performance.now();
    await cache.whenSynced(AbortSignal.timeout(60_000));
    assert.ok(performance.now() - created < 30_000, `it took ${performance.now() - created} ms`);
    assert.deepEqual(cache.troubles(), []);
  });
});

Deno.test("where CRDs may not be read, a needed kind is found by asking", async () => {
  const group = uniqueGroup();
  const rules = [{ apiGroups: [group], resources: ["gizmos"], verbs: ["list", "watch"] }];
  await withCache({ clusterRules: rules }, async ({ cluster, cache, signal }) => {
    const informer = cache.informer(testKind(group));
    cache.start(signal);
    await waitFor(() => informer.trouble.startsWith("CRD gizmos"), { what: "the trouble" });
    await cluster.request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", testCrd(group));
    await cache.whenSynced(AbortSignal.timeout(60_000));
    assert.equal(informer.exists, true);
    assert.deepEqual(cache.troubles(), [], "that CRDs may not be watched is no trouble");
  });
});

Deno.test("rights that are taken away are named, the objects stay, and all is well when they come back", async () => {
  const retry = { backoff: { maxMs: 1_000 } };
  await withCache({ rules: [READ_CORE], cache: { retry } }, async (harness) => {
    const { admin, cache, namespace, start, faults, allow } = harness;
    await admin.create(ConfigMaps, configMap(namespace, "one"));
    const informer = cache.informer(ConfigMaps, { namespaces: [namespace] });
    const { errors, handler, known } = mirror();
    informer.subscribe(handler);
    await start();
    const before = versions(informer.list());
    await allow(namespace, []);
    // An open watch lives on without rights until it is opened again.
    await waitFor(() => {
      faults.cutOpen({ watch: true });
      return informer.trouble !== "";
    }, { what: "the trouble" });
    await waitFor(() => informer.trouble.includes("May not list and watch configmaps"), {
      what: "the reason",
    });
    assert.match(
      informer.trouble,
      new RegExp(`in namespace "${namespace}": .*forbidden.* Add to a Role in namespace`),
    );
    assert.match(informer.trouble, /resources: \["configmaps"\], verbs: \["get", "list", "watch"\]/);
    assert.deepEqual(cache.troubles().map(({ resource }) => resource), ["configmaps"]);
    await admin.create(ConfigMaps, configMap(namespace, "meanwhile"));
    assert.deepEqual(versions(informer.list()), before);
    assert.equal(cache.hasSynced, true);
    await allow(namespace, [READ_CORE]);
    await waitFor(() => informer.trouble === "", { what: "recovery" });
    await waitForTruth(harness, informer);
    assert.deepEqual(versions(known.values()), versions(informer.list()));
    assert.deepEqual(errors, []);
  });
});
