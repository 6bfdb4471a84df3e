import assert from "node:assert/strict";
import { Pods } from "../../api/kubernetes/resources.ts";
import type { CallOptions } from "../../kube/client.ts";
import type { RestClient } from "../../kube/rest/rest_client.ts";
import { clientCluster } from "./client_cluster.ts";

/** A client that notes options and says what it is told to. */
function clientOf(answers: { warnings?: readonly string[]; fails?: Error } = {}) {
  const calls: [string, CallOptions][] = [];
  const called = (name: string, options: CallOptions = {}) => {
    calls.push([name, options]);
    for (const text of answers.warnings ?? []) options.onWarning?.(text);
    if (answers.fails !== undefined) return Promise.reject(answers.fails);
    return Promise.resolve({ items: [], status: { allowed: true } } as never);
  };
  const client = {
    get: (_type: unknown, _key: unknown, options?: CallOptions) => called("get", options),
    list: (_type: unknown, options?: CallOptions) => called("list", options),
    create: (_type: unknown, _object: unknown, options?: CallOptions) => called("create", options),
    update: (_type: unknown, _object: unknown, options?: CallOptions) => called("update", options),
    patch: (_type: unknown, _key: unknown, _patch: unknown, options?: CallOptions) =>
      called("patch", options),
    delete: (_type: unknown, _key: unknown, options?: CallOptions) => called("delete", options),
    bytes: (path: string, options: CallOptions) => called(`bytes ${path}`, options),
  } as unknown as RestClient;
  return { cluster: clientCluster(client), calls };
}

const key = { namespace: "lab", name: "dev" };

Deno.test("nothing that somebody waits for waits for a server that is busy", async () => {
  const { cluster, calls } = clientOf();
  const options = { timeoutMs: 5 };
  await cluster.get(Pods, key, options);
  await cluster.list(Pods, options);
  await cluster.create(Pods, {} as never, options);
  await cluster.update(Pods, {} as never, options);
  await cluster.patch(Pods, key, { type: "merge", body: {} }, options);
  await cluster.delete(Pods, key, options);
  await cluster.text(Pods, key, "log", { query: { tailLines: 1 }, maxBytes: 9, ...options });
  assert.equal((await cluster.may({ verb: "get", resource: "pods" }, options)).allowed, true);
  assert.deepEqual(calls.map(([name]) => name), [
    "get",
    "list",
    "create",
    "update",
    "patch",
    "delete",
    "bytes /api/v1/namespaces/lab/pods/dev/log?tailLines=1",
    "create",
  ]);
  assert.ok(calls.every(([, { maxRetries, timeoutMs }]) => maxRetries === 0 && timeoutMs === 5));
  assert.throws(() => cluster.text(Pods, { ...key, name: "" }, "log", { maxBytes: 1 }), TypeError);
});

Deno.test("what the server warns of with the latest read of a kind is what is missing", async () => {
  const answers = { warnings: ["Coder of lab/one cannot be reached"] as string[] };
  const { cluster } = clientOf(answers);
  assert.deepEqual(cluster.missing(Pods, "lab"), []);
  await cluster.list(Pods, { namespace: "lab" });
  assert.deepEqual(cluster.missing(Pods, "lab"), answers.warnings);
  assert.deepEqual(cluster.missing(Pods, undefined), []);
  await cluster.list(Pods);
  assert.deepEqual(cluster.missing(Pods, undefined), answers.warnings);
  answers.warnings = [];
  await cluster.get(Pods, key);
  assert.deepEqual(cluster.missing(Pods, "lab"), []);
});

Deno.test("a read that fails says so, with what it was warned of", async () => {
  const { cluster } = clientOf({ warnings: ["late"], fails: new Error("no") });
  await assert.rejects(cluster.list(Pods, { namespace: "lab" }), /no/);
  assert.deepEqual(cluster.missing(Pods, "lab"), ["late"]);
});
