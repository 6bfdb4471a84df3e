import assert from "node:assert/strict";
import { ConfigMaps, Deployments, Namespaces, Pods } from "../../src/api/kubernetes/resources.ts";
import type { ConfigMap } from "../../src/api/kubernetes/types.ts";
import type { KubeObject } from "../../src/api/object.ts";
import type { WatchEvent } from "../../src/kube/client.ts";
import {
  isAlreadyExists,
  isConflict,
  isExpired,
  isForbidden,
  isNotFound,
  KubeApiError,
  KubeConnectionError,
} from "../../src/kube/errors.ts";
import { waitFor } from "../cluster/mod.ts";
import { withClient } from "./client_harness.ts";

function mapOf(namespace: string, name: string, data: Record<string, string> = { a: "1" }): ConfigMap {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name }, data };
}

/** Reads events until one satisfies `wanted`. */
async function nextEvent<T extends KubeObject>(
  events: AsyncIterator<WatchEvent<T>>,
  wanted: (event: WatchEvent<T>) => boolean,
): Promise<WatchEvent<T>> {
  for (;;) {
    const { done, value } = await events.next();
    if (done) throw new Error("the watch ended");
    if (wanted(value)) return value;
  }
}

Deno.test("objects are created, read, changed in every way and deleted", () =>
  withClient(async ({ admin, namespace }) => {
    const key = { namespace, name: "one" };
    const created = await admin.create(ConfigMaps, mapOf(namespace, "one"));
    assert.equal(created.metadata.managedFields?.[0]?.manager, "coder-k8s");
    const updated = await admin.update(ConfigMaps, { ...created, data: { a: "2" } });
    assert.deepEqual((await admin.get(ConfigMaps, key)).data, { a: "2" });
    assert.notEqual(updated.metadata.resourceVersion, created.metadata.resourceVersion);

    await admin.patch(ConfigMaps, key, { type: "merge", body: { data: { b: "3" } } });
    await admin.patch(ConfigMaps, key, { type: "json", body: [{ op: "remove", path: "/data/a" }] });
    await admin.patch(ConfigMaps, key, { type: "strategic", body: { metadata: { labels: { l: "x" } } } });
    const applied = await admin.patch(ConfigMaps, key, {
      type: "apply",
      body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "one" }, data: { c: "4" } },
      force: true,
    });
    assert.deepEqual(applied.data, { b: "3", c: "4" });
    assert.deepEqual(applied.metadata.labels, { l: "x" });

    const dry = await admin.patch(ConfigMaps, key, { type: "merge", body: { data: { d: "5" } } }, {
      dryRun: true,
    });
    assert.equal(dry.data?.["d"], "5");
    assert.equal((await admin.get(ConfigMaps, key)).data?.["d"], undefined);

    await assert.rejects(
      admin.delete(ConfigMaps, key, { preconditions: { uid: "other" } }),
      (error) => isConflict(error),
    );
    await admin.delete(ConfigMaps, key, { preconditions: { uid: applied.metadata.uid ?? "" } });
    await assert.rejects(admin.get(ConfigMaps, key), isNotFound);
  }));

Deno.test("refusals of the API server are told apart, and say what was tried", () =>
  withClient(async ({ admin, namespace, cluster, client }) => {
    const created = await admin.create(ConfigMaps, mapOf(namespace, "one"));
    await assert.rejects(admin.create(ConfigMaps, mapOf(namespace, "one")), isAlreadyExists);
    await admin.update(ConfigMaps, { ...created, data: {} });
    await assert.rejects(admin.update(ConfigMaps, { ...created, data: { late: "yes" } }), (error) => {
      assert.ok(isConflict(error) && error instanceof KubeApiError);
      assert.match(error.message, new RegExp(`^PUT configmaps "${namespace}/one": Conflict \\(409\\): `));
      return true;
    });
    await assert.rejects(admin.create(ConfigMaps, mapOf(namespace, "Not A Name")), (error) => {
      assert.ok(error instanceof KubeApiError);
      assert.deepEqual([error.code, error.reason], [422, "Invalid"]);
      assert.ok(error.details, "the causes are handed on");
      return true;
    });
    const nobody = client(await cluster.serviceAccountKubeconfig({ namespace, name: "nobody" }));
    await assert.rejects(nobody.list(ConfigMaps, { namespace }), (error) => {
      assert.ok(isForbidden(error));
      assert.match(String(error), /GET configmaps: Forbidden \(403\): .*cannot list resource "configmaps"/);
      return true;
    });
  }));

Deno.test("subresources are read and written at their place", () =>
  withClient(async ({ admin, namespace }) => {
    const labels = { app: "x" };
    await admin.create(Deployments, {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { namespace, name: "d" },
      spec: {
        replicas: 0,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "i" }] } },
      },
    });
    const key = { namespace, name: "d" };
    const body = { spec: { replicas: 2 } };
    await admin.patch(Deployments, key, { type: "merge", body }, { subresource: "scale" });
    assert.equal((await admin.get(Deployments, key)).spec?.replicas, 2);
    await admin.delete(Deployments, key, { propagationPolicy: "Foreground" });
  }));

Deno.test("lists come in pages, by label and as metadata alone", () =>
  withClient(async ({ admin, namespace }) => {
    for (let index = 0; index < 5; index++) {
      const map = mapOf(namespace, `m-${index}`);
      map.metadata.labels = { even: String(index % 2 === 0) };
      await admin.create(ConfigMaps, map);
    }
    const selection = { namespace, labelSelector: "even" };
    const names: string[] = [];
    let page = await admin.list(ConfigMaps, { ...selection, limit: 2 });
    assert.equal(page.items.length, 2);
    for (;;) {
      names.push(...page.items.map((item) => item.metadata.name ?? ""));
      if (page.continue === undefined) break;
      page = await admin.list(ConfigMaps, { ...selection, limit: 2, continue: page.continue });
    }
    assert.deepEqual(names, ["m-0", "m-1", "m-2", "m-3", "m-4"]);

    const even = await admin.list(ConfigMaps, { namespace, labelSelector: "even=true", metadataOnly: true });
    assert.equal(even.items.length, 3);
    assert.deepEqual([even.items[0]?.kind, even.items[0]?.apiVersion, even.items[0]?.data], [
      "ConfigMap",
      "v1",
      undefined,
    ]);
    assert.match(even.resourceVersion, /^\d+$/);
    const one = await admin.list(Namespaces, { fieldSelector: `metadata.name=${namespace}` });
    assert.deepEqual(one.items.map((item) => item.kind), ["Namespace"]);
  }));

Deno.test("a watch yields changes as they happen, an object of one megabyte too, and ends on abort", () =>
  withClient(async ({ admin, namespace }) => {
    const abort = new AbortController();
    const watch = await admin.watch(ConfigMaps, {
      namespace,
      fieldSelector: "metadata.name=big",
      signal: abort.signal,
    });
    const events = watch[Symbol.asyncIterator]();
    const big = "ü".repeat(500_000);
    const created = await admin.create(ConfigMaps, mapOf(namespace, "big", { big }));
    const added = await nextEvent(events, (event) => event.type === "ADDED");
    assert.equal((added.object as ConfigMap).data?.["big"], big);
    await admin.update(ConfigMaps, { ...created, data: { big: "small" } });
    const modified = await nextEvent(events, (event) => event.type === "MODIFIED");
    assert.equal((modified.object as ConfigMap).data?.["big"], "small");
    await admin.delete(ConfigMaps, { namespace, name: "big" });
    await nextEvent(events, (event) => event.type === "DELETED");

    const waiting = events.next();
    const abortedAt = performance.now();
    abort.abort();
    assert.equal((await waiting).done, true);
    assert.ok(performance.now() - abortedAt < 30_000);
  }));

Deno.test("WatchList streams the initial state and marks its end", () =>
  withClient(async ({ admin, namespace }) => {
    await admin.create(ConfigMaps, mapOf(namespace, "one"));
    const abort = new AbortController();
    const watch = await admin.watch(ConfigMaps, {
      namespace,
      sendInitialEvents: true,
      resourceVersionMatch: "NotOlderThan",
      metadataOnly: true,
      signal: abort.signal,
    });
    const names: string[] = [];
    for await (const event of watch) {
      assert.notEqual(event.type, "ERROR");
      const { metadata, kind } = event.object as KubeObject;
      assert.equal(kind, "ConfigMap");
      if (metadata.annotations?.["k8s.io/initial-events-end"] === "true") break;
      names.push(metadata.name ?? "");
    }
    assert.ok(names.includes("one"));
    abort.abort();
  }));

Deno.test("a watch that the server ends after its time ends without an error", () =>
  withClient(async ({ admin, namespace }) => {
    const startedAt = performance.now();
    const ended = await admin.watch(ConfigMaps, { namespace, timeoutSeconds: 1 });
    for await (const event of ended) assert.notEqual(event.type, "ERROR");
    assert.ok(performance.now() - startedAt >= 900);
  }));

Deno.test("a version that is too old is an error of the call or an ERROR event, as the server sends it", () =>
  withClient(async ({ cluster, client, namespace, allow }) => {
    await using faults = await cluster.newFaults();
    await allow("watcher", [{ apiGroups: [""], resources: ["configmaps"], verbs: ["watch"] }]);
    const account = { namespace, name: "watcher" };
    const watcher = client(await cluster.serviceAccountKubeconfig({ ...account, throughFaults: faults }));
    faults.expireWatches("status", {}, { times: 1 });
    await assert.rejects(watcher.watch(ConfigMaps, { namespace, resourceVersion: "1" }), isExpired);
    faults.expireWatches("event", {}, { times: 1 });
    const events = await Array.fromAsync(
      await watcher.watch(ConfigMaps, { namespace, resourceVersion: "1" }),
    );
    assert.deepEqual(events.map((event) => event.type), ["ERROR"]);
    assert.equal((events[0]?.object as unknown as { code: number }).code, 410);
  }));

Deno.test("a watch that is cut throws, and one that is refused fails the call", () =>
  withClient(async ({ cluster, client, namespace, allow }) => {
    await using faults = await cluster.newFaults();
    await allow("watcher", [{ apiGroups: [""], resources: ["configmaps"], verbs: ["watch"] }]);
    const account = { namespace, name: "watcher" };
    const watcher = client(await cluster.serviceAccountKubeconfig({ ...account, throughFaults: faults }));
    const open = await watcher.watch(ConfigMaps, { namespace });
    const drained = (async () => {
      for await (const _event of open);
    })();
    await waitFor(() => faults.countOpen({ watch: true }) === 1, { what: "the open watch" });
    faults.cutOpen({ watch: true });
    await assert.rejects(drained, KubeConnectionError);
    await assert.rejects(watcher.watch(Pods, { namespace }), isForbidden);
  }));

Deno.test("429 with Retry-After is waited out within the deadline, and handed on beyond it", () =>
  withClient(async ({ cluster, client, namespace, allow }) => {
    await using faults = await cluster.newFaults();
    await allow("writer", [{ apiGroups: [""], resources: ["configmaps"], verbs: ["create"] }]);
    const account = { namespace, name: "writer" };
    const writer = client(await cluster.serviceAccountKubeconfig({ ...account, throughFaults: faults }));
    faults.answer(429, {}, { times: 1, retryAfterSeconds: 1 });
    const startedAt = performance.now();
    await writer.create(ConfigMaps, mapOf(namespace, "one"));
    assert.ok(performance.now() - startedAt >= 1_000);
    assert.equal(faults.count(), 2);

    faults.answer(503, {}, { times: 1, retryAfterSeconds: 30 });
    await assert.rejects(
      writer.create(ConfigMaps, mapOf(namespace, "two"), { timeoutMs: 29_000 }),
      (error) => {
        assert.ok(error instanceof KubeApiError);
        assert.deepEqual([error.code, error.retryAfterMs], [503, 30_000]);
        return true;
      },
    );
  }));

Deno.test("a write whose answer is lost is an error, and is not sent again", () =>
  withClient(async ({ cluster, client, namespace, allow }) => {
    await using faults = await cluster.newFaults();
    await allow("writer", [{ apiGroups: [""], resources: ["configmaps"], verbs: ["create", "get"] }]);
    const account = { namespace, name: "writer" };
    const writer = client(await cluster.serviceAccountKubeconfig({ ...account, throughFaults: faults }));
    await writer.create(ConfigMaps, mapOf(namespace, "warm"));
    faults.loseAnswer({ method: "POST" }, { times: 1 });
    await assert.rejects(writer.create(ConfigMaps, mapOf(namespace, "lost")), KubeConnectionError);
    assert.equal(faults.count({ method: "POST" }), 2);
    assert.ok(await writer.get(ConfigMaps, { namespace, name: "lost" }), "it had been carried out");
  }));

Deno.test("a frozen API server ends calls at their deadline, and a client of its own is not held up by them", () =>
  withClient(async ({ cluster, client, namespace, allow }) => {
    await using faults = await cluster.newFaults();
    await allow("reader", [{ apiGroups: [""], resources: ["configmaps", "pods"], verbs: ["list"] }]);
    const account = { namespace, name: "reader" };
    const kubeconfig = await cluster.serviceAccountKubeconfig({ ...account, throughFaults: faults });
    const reader = client(kubeconfig, { transport: { maxSockets: 2 } });
    const lease = reader.separate();
    using _frozen = faults.freeze({ resource: "configmaps" });
    const held = Promise.allSettled(
      Array.from({ length: 6 }, () => reader.list(ConfigMaps, { namespace, timeoutMs: 10_000 })),
    );
    let isOver = false;
    void held.then(() => isOver = true);
    await waitFor(() => faults.countOpen({ resource: "configmaps" }) === 2, { what: "the frozen calls" });
    await lease.list(Pods, { namespace });
    assert.equal(isOver, false, "the others are still held");
    const outcomes = await held;
    assert.ok(
      outcomes.every((one) => one.status === "rejected" && one.reason instanceof KubeConnectionError),
    );
    await waitFor(() => faults.countOpen() === 0, { what: "the sockets to close" });
    await reader.list(Pods, { namespace });
    lease.close();
  }));

Deno.test("the rate limit holds calls back, in order, and a watch counts once", () =>
  withClient(async ({ cluster, client, namespace }) => {
    const limited = client(cluster.kubeconfig, { qps: 10, burst: 2 });
    const startedAt = performance.now();
    const watch = await limited.watch(ConfigMaps, { namespace, timeoutSeconds: 1 });
    for (let call = 0; call < 6; call++) await limited.list(ConfigMaps, { namespace });
    assert.ok(performance.now() - startedAt >= 450);
    for await (const _event of watch);
  }));

Deno.test("raw reaches discovery and text endpoints", () =>
  withClient(async ({ admin }) => {
    const version = await admin.raw("GET", "/version") as { gitVersion: string };
    assert.match(version.gitVersion, /^v1\./);
    assert.equal(await admin.raw("GET", "/readyz"), "ok");
    await assert.rejects(admin.raw("GET", "/apis/nothing.example.com/v1"), isNotFound);
  }));
