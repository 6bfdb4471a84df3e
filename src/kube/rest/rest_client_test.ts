import assert from "node:assert/strict";
import { ClusterRoles, ConfigMaps, Deployments } from "../../api/kubernetes/resources.ts";
import type { ConfigMap } from "../../api/kubernetes/types.ts";
import { KubeApiError, KubeConnectionError } from "../errors.ts";
import { createRestClient, type RestClientOptions } from "./rest_client.ts";
import { CountingMetrics } from "../testing/counting_metrics.ts";
import { type Answer, json, localServer, statusBody } from "../testing/local_server.ts";

const key = { namespace: "a", name: "b" };
const map: ConfigMap = { apiVersion: "v1", kind: "ConfigMap", metadata: { ...key }, data: { x: "1" } };

/** A server that answers everything with `answer`, and a client of it. */
async function serve(answer: Answer, options: Partial<RestClientOptions> = {}) {
  const server = await localServer(answer);
  const client = createRestClient({ connection: server.connection, ...options });
  return {
    client,
    server,
    last: () => server.seen.at(-1),
    async [Symbol.asyncDispose]() {
      client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

const echo: Answer = (_request, response) => json(response, 200, map);

Deno.test("get asks for one object and returns it", async () => {
  await using test = await serve(echo);
  assert.deepEqual(await test.client.get(ConfigMaps, key), map);
  assert.equal(test.last()?.method, "GET");
  assert.equal(test.last()?.url, "/api/v1/namespaces/a/configmaps/b");
});

Deno.test("create posts to the collection as our field manager", async () => {
  await using test = await serve(echo);
  await test.client.create(ConfigMaps, map);
  assert.equal(test.last()?.method, "POST");
  assert.equal(test.last()?.url, "/api/v1/namespaces/a/configmaps?fieldManager=coder-k8s");
  assert.deepEqual(JSON.parse(test.last()?.body ?? ""), map);
});

Deno.test("create of a subresource posts to the object", async () => {
  await using test = await serve(echo);
  await test.client.create(ConfigMaps, map, { subresource: "eviction", fieldManager: "me", dryRun: true });
  assert.equal(
    test.last()?.url,
    "/api/v1/namespaces/a/configmaps/b/eviction?fieldManager=me&dryRun=All",
  );
});

Deno.test("a cluster-scoped object needs no namespace, a namespaced one does", async () => {
  await using test = await serve(echo);
  await test.client.create(ClusterRoles, { ...map, metadata: { name: "x" } } as never);
  assert.equal(test.last()?.url, "/apis/rbac.authorization.k8s.io/v1/clusterroles?fieldManager=coder-k8s");
  const nowhere = { ...map, metadata: { name: "x" } };
  assert.throws(() => test.client.create(ConfigMaps, nowhere), /configmaps needs a namespace/);
  assert.throws(() => test.client.get(ConfigMaps, { namespace: "", name: "x" }), TypeError);
});

Deno.test("update puts the object, or its subresource", async () => {
  await using test = await serve(echo);
  await test.client.update(ConfigMaps, map, { subresource: "status" });
  assert.equal(test.last()?.method, "PUT");
  assert.equal(test.last()?.url, "/api/v1/namespaces/a/configmaps/b/status?fieldManager=coder-k8s");
});

Deno.test("each kind of patch has its content type, and only apply forces", async () => {
  await using test = await serve(echo);
  await test.client.patch(ConfigMaps, key, { type: "merge", body: { data: null } });
  assert.equal(test.last()?.headers["content-type"], "application/merge-patch+json");
  await test.client.patch(ConfigMaps, key, { type: "json", body: [{ op: "remove", path: "/data" }] });
  assert.equal(test.last()?.headers["content-type"], "application/json-patch+json");
  await test.client.patch(ConfigMaps, key, { type: "strategic", body: {} });
  assert.equal(test.last()?.headers["content-type"], "application/strategic-merge-patch+json");
  assert.doesNotMatch(test.last()?.url ?? "", /force/);
  await test.client.patch(ConfigMaps, key, { type: "apply", body: map, force: true });
  assert.equal(test.last()?.headers["content-type"], "application/apply-patch+yaml");
  assert.match(test.last()?.url ?? "", /\?fieldManager=coder-k8s&force=true$/);
});

Deno.test("delete sends its options as a body", async () => {
  await using test = await serve((_request, response) => json(response, 200, { kind: "Status" }));
  await test.client.delete(ConfigMaps, key, {
    preconditions: { uid: "u", resourceVersion: "5" },
    propagationPolicy: "Foreground",
    gracePeriodSeconds: 0,
    dryRun: true,
  });
  assert.equal(test.last()?.method, "DELETE");
  assert.deepEqual(JSON.parse(test.last()?.body ?? ""), {
    apiVersion: "v1",
    kind: "DeleteOptions",
    preconditions: { uid: "u", resourceVersion: "5" },
    propagationPolicy: "Foreground",
    gracePeriodSeconds: 0,
    dryRun: ["All"],
  });
  await test.client.delete(ConfigMaps, key);
  assert.deepEqual(JSON.parse(test.last()?.body ?? ""), { apiVersion: "v1", kind: "DeleteOptions" });
});

Deno.test("list carries selectors and pages, and its items get their type", async () => {
  const page = {
    kind: "ConfigMapList",
    metadata: { resourceVersion: "77", continue: "next", remainingItemCount: 3 },
    items: [{ metadata: key }],
  };
  await using test = await serve((_request, response) => json(response, 200, page));
  const list = await test.client.list(ConfigMaps, {
    namespace: "a",
    labelSelector: "x=y",
    fieldSelector: "metadata.name=b",
    limit: 1,
    continue: "token",
    resourceVersion: "0",
    resourceVersionMatch: "NotOlderThan",
  });
  assert.deepEqual(list, {
    items: [{ metadata: key, apiVersion: "v1", kind: "ConfigMap" }],
    resourceVersion: "77",
    continue: "next",
    remainingItemCount: 3,
  });
  const url = new URL(test.last()?.url ?? "", "http://x");
  assert.equal(url.pathname, "/api/v1/namespaces/a/configmaps");
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    labelSelector: "x=y",
    fieldSelector: "metadata.name=b",
    limit: "1",
    continue: "token",
    resourceVersion: "0",
    resourceVersionMatch: "NotOlderThan",
  });
});

Deno.test("a list without items, or with an end, is a list", async () => {
  const body = { metadata: { resourceVersion: "1", continue: "" }, items: null };
  await using test = await serve((_request, response) => json(response, 200, body));
  assert.deepEqual(await test.client.list(Deployments), { items: [], resourceVersion: "1" });
  assert.equal(test.last()?.url, "/apis/apps/v1/deployments");
});

Deno.test("metadata-only lists ask for it, and their items are still of their kind", async () => {
  const item = { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: key };
  await using test = await serve((_request, response) =>
    json(response, 200, { metadata: {}, items: [item] })
  );
  const { items } = await test.client.list(ConfigMaps, { metadataOnly: true });
  assert.match(test.last()?.headers.accept ?? "", /as=PartialObjectMetadataList;g=meta\.k8s\.io;v=v1/);
  assert.deepEqual([items[0]?.kind, items[0]?.apiVersion], ["ConfigMap", "v1"]);
});

Deno.test("answers of another shape are errors, whatever their status", async () => {
  const bodies = ["[]", "5", '{"a":1}', "null"];
  await using test = await serve((_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(bodies[0]);
  });
  for (; bodies.length > 0; bodies.shift()) {
    await assert.rejects(test.client.get(ConfigMaps, key), /the server's answer is not an object/, bodies[0]);
    await assert.rejects(test.client.list(ConfigMaps), /the server's answer is not a list/, bodies[0]);
  }
  bodies.push("{");
  await assert.rejects(test.client.get(ConfigMaps, key), (error) => {
    assert.ok(error instanceof KubeConnectionError);
    assert.match(error.message, /GET configmaps "a\/b": the server's answer is not JSON/);
    return true;
  });
});

Deno.test("a refusal names verb, resource, object and the server's words", async () => {
  const body = statusBody(409, "AlreadyExists", 'configmaps "b" already exists');
  await using test = await serve((_request, response) => json(response, 409, body));
  await assert.rejects(test.client.create(ConfigMaps, map), (error) => {
    assert.ok(error instanceof KubeApiError);
    assert.equal(
      error.message,
      'POST configmaps "a/b": AlreadyExists (409): configmaps "b" already exists',
    );
    assert.deepEqual(error.call, { method: "POST", path: "/api/v1/namespaces/a/configmaps" });
    return true;
  });
});

Deno.test("watch asks for bookmarks and yields events until the server ends it", async () => {
  await using test = await serve((_request, response) => {
    response.write(`${JSON.stringify({ type: "ADDED", object: map })}\n`);
    response.end(`${JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: "9" } } })}\n`);
  });
  const watch = await test.client.watch(ConfigMaps, {
    namespace: "a",
    resourceVersion: "5",
    timeoutSeconds: 300,
  });
  const types = await Array.fromAsync(watch, (event) => event.type);
  assert.deepEqual(types, ["ADDED", "BOOKMARK"]);
  const url = new URL(test.last()?.url ?? "", "http://x");
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    watch: "true",
    allowWatchBookmarks: "true",
    resourceVersion: "5",
    timeoutSeconds: "300",
  });
});

Deno.test("WatchList's parameters and metadata-only reach the server", async () => {
  const partial = { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: key };
  await using test = await serve((_request, response) => {
    response.write(`${JSON.stringify({ type: "ADDED", object: partial })}\n`);
    response.end(`${JSON.stringify({ type: "ERROR", object: { kind: "Status" } })}\n`);
  });
  const watch = await test.client.watch(ConfigMaps, {
    sendInitialEvents: true,
    resourceVersionMatch: "NotOlderThan",
    allowBookmarks: true,
    metadataOnly: true,
    labelSelector: "a=b",
  });
  const events = await Array.fromAsync(watch);
  assert.deepEqual(events, [
    { type: "ADDED", object: { kind: "ConfigMap", apiVersion: "v1", metadata: key } },
    { type: "ERROR", object: { kind: "Status" } },
  ]);
  assert.match(test.last()?.headers.accept ?? "", /^application\/json;as=PartialObjectMetadata;/);
  const url = new URL(test.last()?.url ?? "", "http://x");
  assert.equal(url.searchParams.get("sendInitialEvents"), "true");
  assert.equal(url.searchParams.get("resourceVersionMatch"), "NotOlderThan");
  assert.equal(url.searchParams.get("labelSelector"), "a=b");
});

Deno.test("a refused watch is an error of the call", async () => {
  const body = statusBody(403, "Forbidden", "configmaps is forbidden");
  await using test = await serve((_request, response) => json(response, 403, body));
  await assert.rejects(test.client.watch(ConfigMaps), /GET watch of configmaps: Forbidden \(403\)/);
});

Deno.test("a watch ends quietly on abort", async () => {
  await using test = await serve((_request, response) => {
    response.write(`${JSON.stringify({ type: "ADDED", object: map })}\n`);
  });
  const abort = new AbortController();
  const watch = await test.client.watch(ConfigMaps, { signal: abort.signal });
  let events = 0;
  for await (const _event of watch) {
    events++;
    abort.abort();
  }
  assert.equal(events, 1);
});

Deno.test("a watch that breaks throws", async () => {
  await using test = await serve((_request, response) => {
    response.write(`${JSON.stringify({ type: "ADDED", object: map })}\n`);
  });
  const watch = await test.client.watch(ConfigMaps);
  await assert.rejects(async () => {
    for await (const _event of watch) test.server.cutAll();
  }, KubeConnectionError);
});

Deno.test("raw passes path, body and accept, and parses JSON or returns text", async () => {
  await using test = await serve((request, response) => {
    if (request.url === "/healthz") return void response.end("ok");
    if (request.url === "/empty") return void response.end();
    json(response, 200, { got: request.body, accept: request.headers.accept });
  });
  assert.deepEqual(
    await test.client.raw("POST", "/x?y=1", { body: { a: 1 }, accept: "application/json;as=Table" }),
    { got: '{"a":1}', accept: "application/json;as=Table" },
  );
  assert.equal(await test.client.raw("GET", "/healthz"), "ok");
  assert.equal(await test.client.raw("GET", "/empty"), undefined);
});

Deno.test("a separate client has connections, a limit and metrics of its own", async () => {
  await using test = await serve(echo, { qps: 0.001, burst: 1, userAgent: "coder-k8s/1 (all)" });
  await test.client.get(ConfigMaps, key);
  await assert.rejects(test.client.get(ConfigMaps, key, { timeoutMs: 1_000 }), /client-side rate limit/);
  const metrics = new CountingMetrics();
  const separate = test.client.separate({ metrics });
  for (let call = 0; call < 5; call++) await separate.get(ConfigMaps, key);
  assert.equal(test.server.accepted, 2);
  assert.equal(test.last()?.headers["user-agent"], "coder-k8s/1 (all)");
  const labels = { code: "200", method: "GET", host: test.server.connection.server.host };
  assert.equal(metrics.get("rest_client_requests_total", labels), 5);
  separate.close();
  assert.equal(test.client.connection, test.server.connection);
});

Deno.test("the deadline of a call is its own", async () => {
  await using test = await serve(() => {});
  await assert.rejects(test.client.get(ConfigMaps, key, { timeoutMs: 60 }), /did not answer within \d+ ms/);
});

Deno.test("text is read as bytes, as far as it is wanted, within the deadline", async () => {
  await using test = await serve((_request, response) => {
    response.writeHead(200, { "content-type": "text/plain" });
    response.end("a log\nof lines\n");
  });
  const whole = await test.client.bytes("/log?x=1", { maxBytes: 100 });
  assert.deepEqual([new TextDecoder().decode(whole.bytes), whole.isCut], ["a log\nof lines\n", false]);
  const cut = await test.client.bytes("/log", { maxBytes: 5 });
  assert.deepEqual([new TextDecoder().decode(cut.bytes), cut.isCut], ["a log", true]);
  await using stuck = await serve((_request, response) => void response.write("begin"));
  await assert.rejects(stuck.client.bytes("/log", { maxBytes: 100, timeoutMs: 50 }), /no whole answer/);
});
