import assert from "node:assert/strict";
import type { KubeObject, ResourceType } from "../../api/object.ts";
import { KubeApiError } from "../../kube/errors.ts";
import { limitedCluster } from "./limited_cluster.ts";
import { askedCluster } from "./testing.ts";
import type { CallerCluster } from "../../caller/types.ts";
import type { WatchEvent, WatchOptions } from "../../kube/client.ts";
import { toldWatch } from "./watch_queue.ts";

const Pods: ResourceType = { group: "", version: "v1", kind: "Pod", plural: "pods", namespaced: true };
const Nodes: ResourceType = { ...Pods, kind: "Node", plural: "nodes", namespaced: false };
const pod = (namespace: string, name: string): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { namespace, name },
});
const forbidden = () => new KubeApiError(403, "Forbidden", "no", { method: "GET", path: "/" });

function rig(namespaces: string[], answer: Partial<CallerCluster> = {}) {
  const inner = askedCluster(answer);
  return { cluster: limitedCluster(inner, namespaces), inner };
}

const failure = async (run: () => Promise<unknown>) => {
  const error = await run().then(() => undefined, (one) => one);
  assert.ok(error instanceof KubeApiError, String(error));
  return error;
};

Deno.test("without namespaces nothing is limited", () => {
  const inner = askedCluster();
  assert.equal(limitedCluster(inner, []), inner);
});

Deno.test("nothing of other namespaces is read or changed, by whatever way", async () => {
  const { cluster, inner } = rig(["a", "b"]);
  const key = { namespace: "c", name: "x" };
  const attempts = [
    () => cluster.get(Pods, key),
    () => cluster.list(Pods, { namespace: "c" }),
    () => cluster.list(Pods, { namespace: "" }),
    () => cluster.watch(Pods, { namespace: "c" }),
    () => cluster.create(Pods, pod("c", "x")),
    () => cluster.create(Pods, { ...pod("c", "x"), metadata: { name: "x" } }),
    () => cluster.update(Pods, pod("c", "x")),
    () => cluster.patch(Pods, key, { type: "merge", body: {} }),
    () => cluster.delete(Pods, key),
    () => cluster.text(Pods, key, "log", { maxBytes: 1 }),
  ];
  for (const attempt of attempts) {
    const error = await failure(attempt);
    assert.equal(error.code, 403);
    assert.match(error.message, /is not reached from this MCP server, only a, b/);
  }
  assert.deepEqual(inner.asked, []);
  assert.equal((await cluster.may({ verb: "get", resource: "pods", namespace: "c" })).allowed, false);
});

Deno.test("a watch of all is one of each namespace, and those that are refused are left out", async () => {
  const ended: boolean[] = [];
  const { cluster, inner } = rig(["a", "b", "c"], {
    watch: <T extends KubeObject>(_: ResourceType<T>, { namespace = "", signal }: WatchOptions = {}) => {
      if (namespace === "b") return Promise.reject(forbidden());
      signal?.addEventListener("abort", () => ended.push(true));
      const event = { type: "ADDED", object: pod(namespace, "x") } as WatchEvent<T>;
      return Promise.resolve(toldWatch<T>({ method: "GET", path: "/" }, signal, (ears) => {
        ears.event(event);
        return () => {};
      }));
    },
  });
  const heard: string[] = [];
  for await (const { object } of await cluster.watch(Pods, { resourceVersion: "5" })) {
    heard.push((object as KubeObject).metadata.namespace ?? "");
    if (heard.length === 2) break;
  }
  assert.deepEqual(heard.sort(), ["a", "c"]);
  assert.deepEqual(inner.asked, ["watch pods a/", "watch pods b/", "watch pods c/"]);
  assert.deepEqual(ended, [true, true], "all of them end with their reader");
  assert.match(cluster.missing(Pods, undefined).join(), /you may not list pods in b/);
  const none = rig(["a"], { watch: () => Promise.reject(forbidden()) });
  assert.equal((await failure(() => none.cluster.watch(Pods))).code, 403);
  const away = rig(["a", "b"], { watch: () => Promise.reject(new Error("away")) });
  await assert.rejects(away.cluster.watch(Pods), /away/);
});

Deno.test("what is in one of them goes on, and so does what is in none", async () => {
  const { cluster, inner } = rig(["a"]);
  const key = { namespace: "a", name: "x" };
  await cluster.get(Pods, key);
  await cluster.list(Pods, { namespace: "a" });
  await cluster.create(Pods, pod("a", "x"));
  await cluster.update(Pods, pod("a", "x"));
  await cluster.patch(Pods, key, { type: "merge", body: {} });
  await cluster.delete(Pods, key);
  await cluster.text(Pods, key, "log", { maxBytes: 1 });
  await cluster.get(Nodes, { namespace: "", name: "n" });
  await cluster.list(Nodes);
  await cluster.may({ verb: "get", resource: "pods", namespace: "a" });
  await cluster.may({ verb: "get", path: "/version" });
  assert.equal(inner.asked.length, 11);
});

Deno.test("a list of all is that of the namespaces alone, each asked for itself", async () => {
  const { cluster, inner } = rig(["a", "b"]);
  const { items } = await cluster.list(Pods);
  assert.deepEqual(items.map(({ metadata }) => metadata.namespace), ["a", "b"]);
  assert.deepEqual(inner.asked, ["list pods a/", "list pods b/"]);
});

Deno.test("namespaces that the caller may not list are left out, and told of; where none is left it is a refusal", async () => {
  const list: CallerCluster["list"] = (_, options = {}) =>
    options.namespace === "b"
      ? Promise.reject(forbidden())
      : Promise.resolve({ items: [], resourceVersion: "1" });
  const { cluster } = rig(["a", "b"], { list });
  await cluster.list(Pods);
  assert.deepEqual(cluster.missing(Pods, undefined), ["you may not list pods in b"]);
  assert.deepEqual(cluster.missing(Pods, "a"), []);
  const none = rig(["b"], { list }).cluster;
  assert.equal((await failure(() => none.list(Pods))).code, 403);
  assert.equal((await failure(() => none.list(Pods, { limit: 5 }))).code, 403);
});

Deno.test("another failure is not overlooked", async () => {
  const list: CallerCluster["list"] = () => Promise.reject(new Error("broken"));
  await assert.rejects(rig(["a"], { list }).cluster.list(Pods), /broken/);
  await assert.rejects(rig(["a"], { list }).cluster.list(Pods, { limit: 1 }), /broken/);
});

Deno.test("pages go through one namespace after the other, and end", async () => {
  const all: Record<string, number> = { a: 3, b: 0, c: 2, d: 1 };
  const list: CallerCluster["list"] = (_, { namespace = "", limit = 99, continue: token = "0" } = {}) => {
    if (namespace === "x") return Promise.reject(forbidden());
    const from = Number(token);
    const to = Math.min(all[namespace] ?? 0, from + limit);
    const items = Array.from(
      { length: to - from },
      (_, index) => pod(namespace, String(from + index)),
    ) as never[];
    const more = to < (all[namespace] ?? 0) ? { continue: String(to) } : {};
    return Promise.resolve({ items, resourceVersion: "1", ...more });
  };
  for (const limit of [1, 2, 3, 4, 10]) {
    const { cluster } = rig(["a", "b", "c", "x", "d"], { list });
    const seen: string[] = [];
    let token: string | undefined;
    do {
      const page = await cluster.list(Pods, { limit, ...(token === undefined ? {} : { continue: token }) });
      assert.ok(page.items.length <= limit);
      seen.push(...page.items.map(({ metadata }) => `${metadata.namespace}${metadata.name}`));
      token = page.continue;
    } while (token !== undefined);
    assert.deepEqual(seen, ["a0", "a1", "a2", "c0", "c1", "d0"]);
  }
  assert.deepEqual((await rig(["a"], { list }).cluster.list(Pods, { continue: "9.x" })).items, []);
});

Deno.test("what is missing is told for each namespace, once", () => {
  const { cluster } = rig(["a", "b"], { missing: (_, namespace) => ["slow", `${namespace} is away`] });
  assert.deepEqual(cluster.missing(Pods, undefined), ["slow", "a is away", "b is away"]);
  assert.deepEqual(cluster.missing(Nodes, undefined), ["slow", "undefined is away"]);
});
