import assert from "node:assert/strict";
import { parseJsonBody } from "./http/body.ts";
import type { WriteRequest } from "./storage.ts";
import { gadget, writableGadgetDefinition } from "./testing/gadgets.ts";
import { type LiveOptions, LiveServer, until } from "./testing/live_server.ts";
import { MemoryStorage } from "./testing/memory_storage.ts";

const ROOT = "/apis/gadgets.coder.test/v1alpha1";
const LIMIT = 3 * 1024 * 1024;

/** A server that takes writes, and what it was given. */
async function writable(options: LiveOptions = {}) {
  const storage = new MemoryStorage(writableGadgetDefinition, 100n);
  const written: WriteRequest[] = [];
  storage.write = async (request, context) => {
    written.push(request);
    await storage.hook("write", context);
    if (request.body.byteLength > 0 && request.verb !== "patch") parseJsonBody(request);
    const code = request.verb === "create" ? 201 : request.verb === "delete" ? 202 : 200;
    return { code, object: gadget(request.key.namespace, request.key.name || "made") };
  };
  storage.subresources = {
    status: { verbs: ["get", "update"], get: (key, context) => storage.get(key, context) },
  };
  const live = await LiveServer.start(options, storage);
  return { live, storage, written };
}

Deno.test("writes reach the storage with verb, key, media type, query and body", async () => {
  const { live, written } = await writable();
  await using _ = live;
  const json = { "Content-Type": "Application/JSON; charset=utf-8" };
  const cases: [string, string, string, number][] = [
    ["POST", "namespaces/n/gadgets?dryRun=All", "create", 201],
    ["PUT", "namespaces/n/gadgets/a", "update", 200],
    ["PUT", "namespaces/n/gadgets/a/status", "update", 200],
    ["DELETE", "namespaces/n/gadgets/a", "delete", 202],
    ["DELETE", "namespaces/n/gadgets", "deletecollection", 200],
  ];
  for (const [method, path, verb, code] of cases) {
    const answer = await live.call(path, { method, headers: json, body: '{"x":"é"}' });
    assert.deepEqual([answer.code, answer.json.kind], [code, "Gadget"], path);
    const { body, query, options, ...request } = written.at(-1)!;
    assert.equal(options.dryRun, path.includes("dryRun"));
    assert.equal(new TextDecoder().decode(body), '{"x":"é"}');
    assert.equal(query.get("dryRun"), path.includes("dryRun") ? "All" : null);
    assert.deepEqual([request.verb, request.contentType, request.key.namespace], [
      verb,
      "application/json",
      "n",
    ]);
    assert.equal(request.key.name, path.includes("/a") ? "a" : "");
    assert.equal(request.subresource, path.endsWith("/status") ? "status" : undefined);
  }
  await live.call("namespaces/n/gadgets/a", {
    method: "PATCH",
    headers: { "Content-Type": "application/merge-patch+json" },
    body: "{}",
  });
  assert.deepEqual([written.at(-1)?.verb, written.at(-1)?.contentType], [
    "patch",
    "application/merge-patch+json",
  ]);
});

Deno.test("a write without a body has an empty one", async () => {
  const { live, written } = await writable();
  await using _ = live;
  assert.equal((await live.call("namespaces/n/gadgets/a", { method: "DELETE" })).code, 202);
  assert.deepEqual([written[0]?.body.byteLength, written[0]?.contentType], [0, ""]);
});

Deno.test("writes at paths that have none are not allowed", async () => {
  const { live, written } = await writable();
  await using _ = live;
  const cases = [["POST", "namespaces/n/gadgets/a"], ["PUT", "namespaces/n/gadgets"], ["POST", "gadgets"], [
    "DELETE",
    "gadgets",
  ], ["DELETE", "namespaces/n/gadgets/a/status"]];
  for (const [method, path] of cases) {
    const { code, json } = await live.call(path!, { method: method!, body: "{}" });
    assert.deepEqual([code, json.reason], [405, "MethodNotAllowed"], `${method} ${path}`);
  }
  assert.equal(written.length, 0);
});

Deno.test("a body of 3 MiB is taken, and a larger one is not, whether its size is known beforehand or not", async () => {
  const { live, written } = await writable();
  await using _ = live;
  const body = new Uint8Array(LIMIT).fill(0x20);
  body.set(new TextEncoder().encode("{}"));
  const headers = { "Content-Type": "application/json" };
  assert.equal((await live.call("namespaces/n/gadgets", { method: "POST", body, headers })).code, 201);
  assert.equal(written[0]?.body.byteLength, LIMIT);

  const known = await live.raw(
    `POST ${ROOT}/namespaces/n/gadgets HTTP/1.1\r\nHost: x\r\nx-user: jane\r\nContent-Length: ${
      LIMIT + 1
    }\r\n\r\n`,
  );
  assert.match(known, /^HTTP\/1\.1 413 [^]*Connection: close[^]*"reason":"RequestEntityTooLarge"/);
  const chunk = `${LIMIT.toString(16)}\r\n${"x".repeat(LIMIT)}\r\n1\r\nx\r\n`;
  const unknown = await live.raw(
    `POST ${ROOT}/namespaces/n/gadgets HTTP/1.1\r\nHost: x\r\nx-user: jane\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`,
    (text) => text.includes("RequestEntityTooLarge"),
  );
  assert.match(unknown, /^HTTP\/1\.1 413 [^]*Connection: close/);
  assert.equal(written.length, 1);
});

Deno.test("a client that asks before it sends is told to go on, or not to", async () => {
  const { live } = await writable();
  await using _ = live;
  const ask = (path: string, length: number) =>
    `POST ${path} HTTP/1.1\r\nHost: x\r\nx-user: jane\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;
  const socket = await live.connect();
  let text = "";
  socket.on("data", (piece) => text += piece.toString());
  socket.write(ask(`${ROOT}/namespaces/n/gadgets`, 2));
  await until(() => text.includes("100 Continue"), "told to go on");
  assert.doesNotMatch(text, /201/);
  socket.write("{}");
  await until(() => text.includes("HTTP/1.1 201"), "answered");
  socket.destroy();
  const refused = await live.raw(ask(`${ROOT}/namespaces/n/gadgets`, LIMIT + 1));
  assert.match(refused, /^HTTP\/1\.1 413 /);
  const nowhere = await live.raw(ask(`${ROOT}/namespaces/n/nothings`, 2));
  assert.match(nowhere, /^HTTP\/1\.1 404 [^]*Connection: close/);
});

Deno.test("a client that stops in the middle of its body leaves nothing behind", async () => {
  const { live, written } = await writable();
  await using _ = live;
  const socket = await live.connect();
  const writing = () => live.metrics.get("apiserver_current_inflight_requests", { request_kind: "mutating" });
  socket.write(
    `POST ${ROOT}/namespaces/n/gadgets HTTP/1.1\r\nHost: x\r\nx-user: jane\r\nContent-Length: 10\r\n\r\n{}`,
  );
  await until(() => writing() === 1, "it has begun");
  socket.destroy();
  await until(() => writing() === 0, "it is over");
  assert.equal(written.length, 0);
  assert.equal(live.logLines.filter(({ level }) => level === "error").length, 0);
});

Deno.test("YAML, and bodies that are no JSON, are refused", async () => {
  const { live } = await writable();
  await using _ = live;
  const post = (body: string | Uint8Array, type: string) =>
    live.call("namespaces/n/gadgets", { method: "POST", body, headers: { "Content-Type": type } });
  const yaml = await post("a: b", "application/yaml");
  assert.deepEqual([yaml.code, yaml.json.reason], [415, "UnsupportedMediaType"]);
  for (const body of ["a: b", '{"a":', new Uint8Array([0x22, 0xff, 0x22])]) {
    const { code, json } = await post(body, "application/json");
    assert.deepEqual([code, json.reason], [400, "BadRequest"]);
  }
});

Deno.test("writes have a limit of their own", async () => {
  const { live, storage } = await writable({ limits: { reads: 1, writes: 1 } });
  await using _ = live;
  const release = Promise.withResolvers<void>();
  storage.hook = (what) => what === "write" ? release.promise : undefined;
  const first = live.call("namespaces/n/gadgets", { method: "POST", body: "{}" });
  await until(
    () => live.metrics.get("apiserver_current_inflight_requests", { request_kind: "mutating" }) === 1,
    "one is in flight",
  );
  assert.equal((await live.call("namespaces/n/gadgets", { method: "POST", body: "{}" })).code, 429);
  assert.equal((await live.call("gadgets")).code, 200);
  release.resolve();
  assert.equal((await first).code, 201);
});

Deno.test("options that there are not are refused before anything is changed", async () => {
  const { live, written } = await writable();
  await using _ = live;
  for (const query of ["dryRun=Some", "fieldValidation=Loose", "fieldManager=a%0Ab"]) {
    const { code, json } = await live.call(`namespaces/n/gadgets/a?${query}`, { method: "DELETE" });
    assert.deepEqual([code, json.reason, json.details.kind], [422, "Invalid", "DeleteOptions"], query);
  }
  assert.equal(written.length, 0);
});

Deno.test("a form that there is not is refused before anything is changed", async () => {
  const { live, written } = await writable();
  await using _ = live;
  const headers = { Accept: "application/vnd.kubernetes.protobuf" };
  const { code } = await live.call("namespaces/n/gadgets", { method: "POST", body: "{}", headers });
  assert.deepEqual([code, written.length], [406, 0]);
});

Deno.test("who deletes a selection is given it, and none that cannot be read is taken for everything", async () => {
  const { live, written } = await writable();
  await using _ = live;
  const remove = (query: string) => live.call(`namespaces/n/gadgets?${query}`, { method: "DELETE" });
  assert.equal((await remove("labelSelector=nosuch%3Dlabel&fieldSelector=metadata.name%3Da")).code, 200);
  const { selects } = written[0]!;
  assert.deepEqual([
    selects?.(gadget("n", "a")),
    selects?.(gadget("n", "a", { labels: { nosuch: "label" } })),
  ], [false, true]);
  assert.equal((await remove("")).code, 200);
  assert.equal(written[1]!.selects, undefined);
  for (const query of ["labelSelector=a%3D%3D%3Db", "fieldSelector=spec.size%3D1", "fieldSelector=a"]) {
    assert.equal((await remove(query)).code, 400, query);
  }
  assert.equal(written.length, 2);
});
