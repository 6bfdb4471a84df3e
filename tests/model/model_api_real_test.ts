/** The API server in memory answers as a real one does, in all that the product and the histories rely on. */
import assert from "node:assert/strict";
import { ConfigMaps, Deployments, ServiceAccounts } from "../../src/api/kubernetes/resources.ts";
import type { ConfigMap, Deployment, ServiceAccount } from "../../src/api/kubernetes/types.ts";
import type { KubeObject, ObjectKey, ResourceType } from "../../src/api/object.ts";
import type { DeleteOptions, JsonPatchOperation, PatchBody, WriteOptions } from "../../src/kube/client.ts";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { KubeApiError } from "../../src/kube/errors.ts";
import { createRestClient } from "../../src/kube/rest/rest_client.ts";
import { sharedCluster } from "../cluster/mod.ts";
import { ModelApi } from "./model_api.ts";

/** What both have. */
interface Server {
  get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey): Promise<T>;
  create<T extends KubeObject>(type: ResourceType<T>, object: T, options: WriteOptions): Promise<T>;
  update<T extends KubeObject>(type: ResourceType<T>, object: T, options: WriteOptions): Promise<T>;
  patch<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    patch: PatchBody,
    options: WriteOptions,
  ): Promise<T>;
  delete(type: ResourceType, key: ObjectKey, options?: DeleteOptions): Promise<void>;
}

function inMemory(): Server {
  const api = new ModelApi(() => "2026-01-01T00:00:00Z");
  const by = "test";
  const attempt = async <T>(run: () => T): Promise<T> => await run();
  return {
    get: (type, key) => attempt(() => api.get(type, key)),
    create: (type, object, options) => attempt(() => api.create(type, object, by, options)),
    update: (type, object, options) => attempt(() => api.update(type, object, by, options)),
    patch: (type, key, patch, options) => attempt(() => api.patch(type, key, patch, by, options)),
    delete: (type, key, options) => attempt(() => api.delete(type, key, by, options)),
  };
}

/** What counts of an object: no ids, versions or times. */
function essence(object: KubeObject): unknown {
  const { metadata, apiVersion: _, kind: _kind, ...content } = object as ConfigMap & ServiceAccount;
  const { labels, annotations, finalizers, deletionTimestamp, managedFields = [] } = metadata;
  // What Go leaves out: an empty list is none.
  const filled = Object.entries(content).filter(([, value]) => Object.keys(Object(value)).length > 0);
  return JSON.parse(JSON.stringify({
    ...Object.fromEntries(filled),
    labels,
    annotations,
    finalizers,
    deleted: deletionTimestamp !== undefined,
    managers: managedFields.map(({ manager, operation, subresource, fieldsV1 }) => ({
      manager,
      operation,
      subresource,
      fieldsV1: withoutContainers(fieldsV1),
    })).sort((a, b) => `${a.manager}${a.operation}` < `${b.manager}${b.operation}` ? -1 : 1),
  }));
}

/** That a writer made a map or a list, and not only what is in it, is told by `.`, and counts for nothing that is looked for. */
function withoutContainers(fields: unknown): unknown {
  if (typeof fields !== "object" || fields === null) return fields;
  const entries = Object.entries(fields).filter(([name]) => name !== ".");
  return Object.fromEntries(entries.map(([name, below]) => [name, withoutContainers(below)]));
}

/** Everything in order; what each step came to. */
async function script(server: Server, namespace: string): Promise<unknown[]> {
  const seen: unknown[] = [];
  const see = async (step: () => Promise<KubeObject | void>) => {
    try {
      const result = await step();
      seen.push(result === undefined ? "done" : essence(result));
    } catch (error) {
      assert.ok(error instanceof KubeApiError, String(error));
      seen.push({ code: error.code, reason: error.reason });
    }
  };
  const key = { namespace, name: "map" };
  const map = (data: Record<string, string>, metadata: Partial<ConfigMap["metadata"]> = {}): ConfigMap => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { ...key, ...metadata },
    data,
  });
  const ours = { fieldManager: "ours" };
  const theirs = { fieldManager: "theirs" };
  const apply = (body: KubeObject, options = ours) =>
    server.patch(ConfigMaps, key, { type: "apply", body, force: true }, options) as Promise<ConfigMap>;
  const json = (body: readonly JsonPatchOperation[]) =>
    server.patch(ConfigMaps, key, { type: "json", body }, theirs) as Promise<ConfigMap>;
  const get = () => server.get(ConfigMaps, key);

  await see(get);
  await see(() => apply(map({}, { uid: "11111111-1111-4111-8111-111111111111" })));
  await see(() =>
    apply(map({ a: "1", b: "2" }, { resourceVersion: "1", labels: { x: "1" }, annotations: { n: "1" } }))
  );
  await see(() => apply(map({ a: "1" }, { resourceVersion: "1" })));
  await see(() => server.create(ConfigMaps, map({}), theirs));
  await see(() =>
    server.patch(ConfigMaps, key, { type: "merge", body: { data: { c: "3", b: null } } }, theirs)
  );
  await see(() => apply(map({ a: "one" }, { labels: { y: "2" } })));
  await see(() => server.patch(ConfigMaps, key, { type: "merge", body: { data: { a: "theirs" } } }, theirs));
  await see(() => apply(map({})));
  await see(() => apply(map({ a: "ours" })));
  await see(() => apply(map({ a: "ours", c: "3" })));
  await see(() => apply(map({ a: "ours" })));
  const old = await get();
  await see(() => server.update(ConfigMaps, { ...old, data: { ...old.data, d: "4" } }, theirs));
  await see(() => server.update(ConfigMaps, { ...old, data: {} }, theirs));
  await see(() =>
    server.delete(ConfigMaps, key, { preconditions: { uid: "11111111-1111-4111-8111-111111111111" } })
  );
  await see(() => json([{ op: "add", path: "/metadata/finalizers", value: ["example.com/a"] }]));
  await see(() => json([{ op: "add", path: "/metadata/finalizers/-", value: "example.com/b" }]));
  await see(() => json([{ op: "test", path: "/metadata/finalizers/0", value: "example.com/b" }]));
  await see(() => json([{ op: "test", path: "/metadata/uid", value: old.metadata.uid }]));
  await see(() => json([{ op: "remove", path: "/metadata/annotations/none" }]));
  await see(() => server.delete(ConfigMaps, key));
  await see(get);
  await see(() => apply(map({ a: "still" })));
  await see(() => json([{ op: "remove", path: "/metadata/finalizers/0" }]));
  await see(() => json([{ op: "remove", path: "/metadata/finalizers/0" }]));
  await see(get);
  await see(() => server.create(ConfigMaps, map({ a: "1" }), theirs));
  await see(() => server.delete(ConfigMaps, key));
  await see(get);

  const account = { namespace, name: "account" };
  const withSecrets = (...names: string[]) =>
    server.patch(ServiceAccounts, account, {
      type: "apply",
      body: {
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: account,
        imagePullSecrets: names.map((name) => ({ name })),
      },
      force: true,
    }, ours);
  await see(() => withSecrets("a", "b"));
  const live = await server.get(ServiceAccounts, account);
  const imagePullSecrets = [...live.imagePullSecrets ?? [], { name: "c" }];
  await see(() => server.update(ServiceAccounts, { ...live, imagePullSecrets }, theirs));
  await see(() => withSecrets("b"));
  await see(() => withSecrets());
  return seen;
}

/** Generations of a Deployment, whose controllers write to it as well. */
async function generations(server: Server, namespace: string): Promise<unknown[]> {
  const key = { namespace, name: "deployment" };
  const labels = { app: "x" };
  const deployment: Deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { ...key, finalizers: ["example.com/hold"] },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "i" }] } },
    },
  };
  const seen: unknown[] = [];
  const merge = async (body: unknown, options: WriteOptions = {}) => {
    const { metadata, spec } = await server.patch(Deployments, key, { type: "merge", body }, options);
    seen.push([metadata.generation, spec?.replicas]);
  };
  seen.push((await server.create(Deployments, deployment, {})).metadata.generation);
  await merge({ metadata: { labels } });
  await merge({ spec: { replicas: 1 } });
  await merge({ spec: { replicas: 9 }, status: { collisionCount: 1 } }, { subresource: "status" });
  await merge({ spec: { template: { spec: { containers: [{ name: "c", image: "j" }] } } } });
  for (let i = 0; i < 2; i++) {
    await server.delete(Deployments, key, { propagationPolicy: "Background" });
    const { metadata } = await server.get(Deployments, key);
    seen.push([metadata.generation, metadata.deletionTimestamp !== undefined]);
  }
  await merge({ metadata: { finalizers: null } });
  return seen;
}

Deno.test("writes, conflicts, finalizers and field managers are as on a real API server", async () => {
  const cluster = await sharedCluster();
  const real = createRestClient({ connection: loadKubeConfig({ kubeconfig: cluster.kubeconfig }) });
  try {
    const [expected, actual] = [
      await script(real, await cluster.newNamespace("model")),
      await script(inMemory(), "ns"),
    ];
    for (const [i, step] of expected.entries()) assert.deepEqual(actual[i], step, `step ${i + 1}`);
    assert.deepEqual(
      await generations(inMemory(), "ns"),
      await generations(real, await cluster.newNamespace("model")),
    );
  } finally {
    real.close();
  }
});
