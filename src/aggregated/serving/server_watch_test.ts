import assert from "node:assert/strict";
import { expired } from "./status_errors.ts";
import { gadget } from "./testing/gadgets.ts";
import { Frames, LiveServer, until } from "./testing/live_server.ts";

const ROOT = "/apis/gadgets.coder.test/v1alpha1";
const watch = async (live: LiveServer, query = "", headers = {}) =>
  new Frames(await live.open(`namespaces/n/gadgets?watch=1&${query}`, { headers }));

Deno.test("the head of a watch is sent at once, though nothing happens", async () => {
  await using live = await LiveServer.start();
  const { answer } = await watch(live);
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.headers["content-type"], "application/json");
  assert.equal(answer.headers["transfer-encoding"], "chunked");
  answer.destroy();
});

Deno.test("a watch tells the state and every change, in its namespace alone", async () => {
  await using live = await LiveServer.start();
  live.storage.put(gadget("n", "a"));
  const frames = await watch(live);
  assert.deepEqual(await frames.told(1), ["ADDED a"]);
  live.storage.put(gadget("other", "x"));
  live.storage.put(gadget("n", "b"));
  live.storage.put(gadget("n", "a", { color: "blue" }));
  live.storage.remove({ namespace: "n", name: "b" });
  assert.deepEqual(await frames.told(3), ["ADDED b", "MODIFIED a", "DELETED b"]);
  frames.answer.destroy();
});

Deno.test("a list and a watch from its version together miss nothing", async () => {
  await using live = await LiveServer.start();
  for (const name of ["a", "b"]) live.storage.put(gadget("n", name));
  const { json } = await live.call("namespaces/n/gadgets");
  live.storage.remove({ namespace: "n", name: "a" });
  live.storage.put(gadget("n", "c"));
  const frames = await watch(live, `resourceVersion=${json.metadata.resourceVersion}`);
  assert.deepEqual(await frames.told(2), ["DELETED a", "ADDED c"]);
  frames.answer.destroy();
});

Deno.test("the old paths of watches work, for all objects and for one", async () => {
  await using live = await LiveServer.start();
  for (const name of ["a", "b"]) live.storage.put(gadget("n", name));
  const all = new Frames(await live.open(`${ROOT}/watch/namespaces/n/gadgets`));
  assert.deepEqual(await all.told(2), ["ADDED a", "ADDED b"]);
  const one = new Frames(await live.open(`${ROOT}/watch/namespaces/n/gadgets/b`));
  assert.deepEqual(await one.told(1), ["ADDED b"]);
  live.storage.put(gadget("n", "a", { size: 1 }));
  live.storage.put(gadget("n", "b", { size: 1 }));
  assert.deepEqual(await one.told(1), ["MODIFIED b"]);
  all.answer.destroy();
  one.answer.destroy();
});

Deno.test("a watch ends in order when its time is over, and its connection can be used again", async () => {
  await using live = await LiveServer.start();
  live.storage.put(gadget("n", "a"));
  const text = await live.raw(
    `GET ${ROOT}/gadgets?watch=1&timeoutSeconds=1&allowWatchBookmarks=1 HTTP/1.1\r\nHost: x\r\nx-user: jane\r\n\r\n` +
      `GET /version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
  );
  assert.match(text, /"type":"ADDED"[^]*"type":"BOOKMARK"[^]*\r\n0\r\n\r\nHTTP\/1\.1 200 OK[^]*gitVersion/);
});

Deno.test("a client that goes away is forgotten", async () => {
  await using live = await LiveServer.start();
  const frames = await watch(live);
  await until(() => live.storage.watchers === 1 && live.server.watches === 1, "it watches");
  const labels = {
    verb: "WATCH",
    group: "gadgets.coder.test",
    version: "v1alpha1",
    resource: "gadgets",
    subresource: "",
    scope: "namespace",
  };
  assert.equal(live.metrics.get("apiserver_longrunning_requests", labels), 1);
  frames.answer.destroy();
  await until(() => live.storage.watchers === 0 && live.server.watches === 0, "it is forgotten");
  assert.equal(live.metrics.get("apiserver_longrunning_requests", labels), 0);
  assert.equal(live.metrics.get("apiserver_request_total", { ...labels, code: "200" }), 1);
});

Deno.test("watches count as in flight until they have begun alone, and have no deadline", async () => {
  await using live = await LiveServer.start({ limits: { reads: 1, deadlineMs: 2_000 } });
  const frames = [await watch(live), await watch(live), await watch(live)];
  assert.equal(live.server.watches, 3);
  assert.equal((await live.call("gadgets")).code, 200);
  await new Promise((resolve) => setTimeout(resolve, 2_200));
  live.storage.put(gadget("n", "a"));
  for (const one of frames) {
    assert.deepEqual(await one.told(1), ["ADDED a"]);
    one.answer.destroy();
  }
});

Deno.test("a refusal before the beginning is an answer of its own", async () => {
  await using live = await LiveServer.start();
  live.storage.hook = () => {
    throw expired();
  };
  const refused = await live.call("gadgets?watch=1&resourceVersion=1");
  assert.deepEqual([refused.code, refused.json.reason], [410, "Expired"]);
  assert.equal((await live.call("gadgets?watch=1&sendInitialEvents=true")).code, 422);
  assert.equal((await live.call("gadgets?watch=1&fieldSelector=x%3D1")).code, 400);
});

Deno.test("a client that does not read is given up, without a gap in what it was sent, and holds up nobody", async () => {
  await using live = await LiveServer.start({ watchLimits: { maxPending: 20, lingerMs: 60_000 } });
  const slow = await Deno.connectTls({ hostname: "localhost", port: live.port, caCerts: [live.caPem] });
  await slow.write(
    new TextEncoder().encode(`GET ${ROOT}/gadgets?watch=1 HTTP/1.1\r\nHost: x\r\nx-user: jane\r\n\r\n`),
  );
  await until(() => live.server.watches === 1, "it watches");
  const quick = await watch(live);
  const slowEnds = () => live.metrics.get("apiserver_watch_ends_total", { reason: "slow" });
  let count = 0;
  const deadline = performance.now() + 120_000;
  while (slowEnds() === 0) {
    assert.ok(performance.now() < deadline, "the slow client was never given up");
    live.storage.put({ ...gadget("n", `g${count}`), spec: { color: "x".repeat(65_536) } });
    assert.equal((await quick.next()).object.metadata.name, `g${count++}`);
  }
  assert.deepEqual([slowEnds(), live.server.watches], [1, 1]);
  let text = "";
  const decoder = new TextDecoder();
  const piece = new Uint8Array(1 << 20);
  while (!text.endsWith("\r\n0\r\n\r\n")) {
    const read = await slow.read(piece);
    assert.ok(read !== null, "the stream ended without its last chunk");
    text += decoder.decode(piece.subarray(0, read), { stream: true });
  }
  const seen = [...text.matchAll(/"name":"g(\d+)"/g)].map(([, number]) => Number(number));
  assert.ok(seen.length > 5 && seen.length < count, `${seen.length} of ${count}`);
  assert.deepEqual(seen, seen.map((_, index) => index));
  slow.close();
  quick.answer.destroy();
});

Deno.test("frames are tables and metadata for who asks for them", async () => {
  await using live = await LiveServer.start();
  live.storage.put(gadget("n", "a"));
  const table = await watch(live, "", { Accept: "application/json;as=Table;v=v1;g=meta.k8s.io" });
  const { object } = await table.next();
  assert.deepEqual([object.kind, object.columnDefinitions.length, object.rows[0].cells[0]], [
    "Table",
    5,
    "a",
  ]);
  const metadata = await watch(live, "", {
    Accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
  });
  assert.equal((await metadata.next()).object.kind, "PartialObjectMetadata");
  table.answer.destroy();
  metadata.answer.destroy();
});
