import assert from "node:assert/strict";
import { KubeConfigError } from "../config/connection.ts";
import { KubeConnectionError } from "../errors.ts";
import { eventually, fakeConnection, json, localServer } from "../testing/local_server.ts";
import { createTransport, type HttpRequest } from "./transport.ts";

const get = (path: string, changes: Partial<HttpRequest> = {}): HttpRequest => ({
  method: "GET",
  path,
  timeoutMs: 60_000,
  ...changes,
});

Deno.test("an exchange carries method, path, headers, credentials and body", async () => {
  await using server = await localServer((_request, response) => json(response, 201, { ok: true }));
  const transport = createTransport(server.connection);
  const answer = await transport.send({
    method: "POST",
    path: "/api?x=1",
    headers: { accept: "application/json" },
    body: '{"ü":1}',
    timeoutMs: 60_000,
  });
  assert.deepEqual([answer.status, answer.body], [201, '{"ok":true}']);
  const [seen] = server.seen;
  assert.deepEqual([seen?.method, seen?.url, seen?.body], ["POST", "/api?x=1", '{"ü":1}']);
  assert.equal(seen?.headers["authorization"], "Bearer test");
  assert.equal(seen?.headers["content-length"], "8");
  transport.close();
});

Deno.test("a body that comes in pieces arrives as a whole, and one that breaks off is no request", async () => {
  await using server = await localServer((_request, response) => json(response, 201, {}));
  const transport = createTransport(server.connection);
  const pieces = ["one ", "two ", "x".repeat(300_000)].map((text) => new TextEncoder().encode(text));
  const size = pieces.reduce((sum, { length }) => sum + length, 0);
  const post = (chunks: () => Iterable<Uint8Array>) =>
    transport.send({ method: "POST", path: "/", body: { size, chunks }, timeoutMs: 60_000 });
  assert.equal((await post(() => pieces)).status, 201);
  const [seen] = server.seen;
  assert.deepEqual([seen?.body.slice(0, 10), seen?.body.length], ["one two xx", size]);
  assert.equal(seen?.headers["content-length"], String(size));
  const broken = post(function* () {
    yield new Uint8Array(10);
    throw new Error("the disk is gone");
  });
  await assert.rejects(broken, KubeConnectionError);
  assert.equal(server.seen.length, 1);
  transport.close();
});

Deno.test("the server's base path stands before every path", async () => {
  await using server = await localServer((_request, response) => json(response, 200, {}));
  const url = new URL("/k8s/clusters/c-1/", server.connection.server);
  const transport = createTransport(fakeConnection(url));
  await transport.send(get("/api"));
  assert.equal(server.seen[0]?.url, "/k8s/clusters/c-1/api");
  assert.equal(transport.host, server.connection.server.host);
  transport.close();
});

Deno.test("calls one after the other share a connection", async () => {
  await using server = await localServer((_request, response) => json(response, 200, {}));
  const transport = createTransport(server.connection);
  for (let call = 0; call < 20; call++) await transport.send(get("/"));
  assert.equal(server.accepted, 1);
  transport.close();
  await eventually(() => server.open === 0, "the pool to close");
});

Deno.test("the pool is bounded, and more calls wait for a connection", async () => {
  await using server = await localServer((_request, response) => json(response, 200, {}));
  const transport = createTransport(server.connection, { maxSockets: 3 });
  await Promise.all(Array.from({ length: 60 }, () => transport.send(get("/"))));
  assert.equal(server.seen.length, 60);
  assert.ok(server.accepted <= 3, `${server.accepted} connections`);
  transport.close();
});

Deno.test("streams do not use up the pool", async () => {
  await using server = await localServer((request, response) => {
    if (request.url === "/watch") return void response.write("x\n");
    json(response, 200, {});
  });
  const transport = createTransport(server.connection, { maxSockets: 1 });
  const streams = await Promise.all(Array.from({ length: 5 }, () => transport.stream(get("/watch"))));
  assert.equal((await transport.send(get("/"))).status, 200);
  for (const stream of streams) stream.cancel();
  await eventually(() => server.open === 1, "the streams' connections to close");
  transport.close();
});

Deno.test("a stream yields what comes and ends with the response", async () => {
  await using server = await localServer(async (_request, response) => {
    response.write("one ");
    await new Promise((resolve) => setTimeout(resolve, 20));
    response.end("two");
  });
  const transport = createTransport(server.connection);
  const stream = await transport.stream(get("/"));
  let text = "";
  for await (const chunk of stream.body) text += new TextDecoder().decode(chunk);
  assert.equal(text, "one two");
  await eventually(() => server.open === 0, "the stream's connection to close");
  transport.close();
});

Deno.test("a stream whose connection breaks throws a connection error", async () => {
  await using server = await localServer((_request, response) => void response.write("half"));
  const transport = createTransport(server.connection);
  const stream = await transport.stream(get("/watch?x=1"));
  await assert.rejects(async () => {
    for await (const _chunk of stream.body) server.cutAll();
  }, (error) => {
    assert.ok(error instanceof KubeConnectionError);
    assert.deepEqual(error.call, { method: "GET", path: "/watch" });
    return true;
  });
  transport.close();
});

Deno.test("leaving a stream's loop closes its socket", async () => {
  await using server = await localServer((_request, response) => void response.write("x"));
  const transport = createTransport(server.connection);
  const stream = await transport.stream(get("/"));
  for await (const _chunk of stream.body) break;
  await eventually(() => server.open === 0, "the socket to close");
  transport.close();
});

Deno.test("a stream outlives the deadline of its headers", async () => {
  await using server = await localServer(async (_request, response) => {
    response.write("a");
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    response.end("b");
  });
  const transport = createTransport(server.connection);
  const stream = await transport.stream(get("/", { timeoutMs: 2_000 }));
  assert.equal(new TextDecoder().decode((await Array.fromAsync(stream.body)).at(-1)), "b");
  transport.close();
});

Deno.test("a server that never answers is given up at the deadline, and the socket closed", async () => {
  await using server = await localServer(() => {});
  const transport = createTransport(server.connection);
  for (const call of [transport.send, transport.stream]) {
    const startedAt = performance.now();
    await assert.rejects(call(get("/slow", { timeoutMs: 80 })), (error) => {
      assert.ok(error instanceof KubeConnectionError);
      assert.match(error.message, /GET \/slow: http:.* did not answer within 80 ms/);
      return true;
    });
    assert.ok(performance.now() - startedAt < 30_000);
  }
  await eventually(() => server.open === 0, "the sockets to close");
  transport.close();
});

Deno.test("the deadline covers the body, too", async () => {
  await using server = await localServer((_request, response) => void response.write("{"));
  const transport = createTransport(server.connection);
  await assert.rejects(transport.send(get("/", { timeoutMs: 100 })), /did not answer within 100 ms/);
  await eventually(() => server.open === 0, "the socket to close");
  transport.close();
});

Deno.test("an abort ends the call at once, closes the socket and keeps the caller's reason", async () => {
  await using server = await localServer(() => {});
  const transport = createTransport(server.connection);
  const abort = new AbortController();
  const reason = new Error("shutting down");
  const call = transport.send(get("/", { signal: abort.signal, timeoutMs: 60_000 }));
  await eventually(() => server.seen.length === 1, "the request to arrive");
  abort.abort(reason);
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof KubeConnectionError);
    assert.equal(error.cause, reason);
    assert.match(error.message, /ended by its caller/);
    return true;
  });
  await eventually(() => server.open === 0, "the socket to close");
  transport.close();
});

Deno.test("an abort reaches a call that still waits for a connection", async () => {
  await using server = await localServer(() => {});
  const transport = createTransport(server.connection, { maxSockets: 1 });
  const first = transport.send(get("/first", { timeoutMs: 60_000 }));
  first.catch(() => {});
  await eventually(() => server.seen.length === 1, "the first request to arrive");
  const abort = new AbortController();
  const queued = transport.send(get("/queued", { signal: abort.signal, timeoutMs: 60_000 }));
  abort.abort();
  await assert.rejects(queued, KubeConnectionError);
  transport.close();
  await assert.rejects(first, KubeConnectionError);
  assert.deepEqual(server.seen.map((request) => request.url), ["/first"]);
});

Deno.test("a signal that has aborted already sends nothing", async () => {
  await using server = await localServer((_request, response) => json(response, 200, {}));
  const transport = createTransport(server.connection);
  await assert.rejects(transport.send(get("/", { signal: AbortSignal.abort() })), KubeConnectionError);
  assert.equal(server.seen.length, 0);
  transport.close();
});

Deno.test("calls leave no listeners on a long-lived signal", async () => {
  await using server = await localServer((_request, response) => json(response, 200, {}));
  const transport = createTransport(server.connection);
  const signal = new AbortController().signal;
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  Object.assign(signal, {
    addEventListener: (...args: Parameters<typeof add>) => (listeners++, add(...args)),
    removeEventListener: (...args: Parameters<typeof remove>) => (listeners--, remove(...args)),
  });
  for (let call = 0; call < 5; call++) await transport.send(get("/", { signal }));
  const stream = await transport.stream(get("/", { signal }));
  for await (const _chunk of stream.body);
  (await transport.stream(get("/", { signal }))).cancel();
  assert.equal(listeners, 0);
  transport.close();
});

Deno.test("a response beyond the limit is refused and its connection closed", async () => {
  await using server = await localServer((_request, response) => void response.end("x".repeat(2_000)));
  const transport = createTransport(server.connection, { maxResponseBytes: 1_000 });
  await assert.rejects(transport.send(get("/")), /larger than 1000 bytes/);
  await eventually(() => server.open === 0, "the socket to close");
  transport.close();
});

Deno.test("idle connections that the server closed are not noticed by the next reads", async () => {
  await using server = await localServer((_request, response) => json(response, 200, {}));
  const transport = createTransport(server.connection);
  for (let round = 0; round < 10; round++) {
    await transport.send(get("/"));
    server.cutAll();
    assert.equal((await transport.send(get("/"))).status, 200);
  }
  transport.close();
});

Deno.test("a write that was cut off is not sent a second time", async () => {
  await using server = await localServer((request, response) => {
    if (request.method === "POST") return void response.destroy();
    json(response, 200, {});
  });
  const transport = createTransport(server.connection);
  await transport.send(get("/"));
  await assert.rejects(transport.send({ method: "POST", path: "/", timeoutMs: 60_000 }), KubeConnectionError);
  assert.equal(server.seen.filter((request) => request.method === "POST").length, 1);
  transport.close();
});

Deno.test("a write that was given up is not sent a second time", async () => {
  await using server = await localServer((request, response) => {
    if (request.method === "GET") json(response, 200, {});
  });
  const transport = createTransport(server.connection);
  await transport.send(get("/"));
  const giveUp = new AbortController();
  const post = { method: "POST", path: "/", body: "{}", timeoutMs: 60_000, signal: giveUp.signal };
  const sending = assert.rejects(transport.send(post), /ended by its caller/);
  await eventually(() => server.seen.length === 2, "the write to arrive");
  giveUp.abort(new Error("enough"));
  await sending;
  await transport.send(get("/"));
  assert.deepEqual(server.seen.map((request) => request.method), ["GET", "POST", "GET"]);
  transport.close();
});

Deno.test("a port where nobody listens is named, with what to check", async () => {
  const transport = createTransport(fakeConnection(new URL("http://127.0.0.1:1")));
  await assert.rejects(transport.send(get("/api")), (error) => {
    assert.ok(error instanceof KubeConnectionError);
    assert.match(error.message, /GET \/api: no answer from http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/);
    assert.match(error.message, /Is the API server running.*context "test" of a test/);
    return true;
  });
  transport.close();
});

Deno.test("credentials that cannot be had are reported as they are", async () => {
  const broken = new KubeConfigError("the plugin failed");
  const transport = createTransport(
    fakeConnection(new URL("http://127.0.0.1:1"), { credentials: () => Promise.reject(broken) }),
  );
  await assert.rejects(transport.send(get("/")), (error) => error === broken);
  transport.close();
});

Deno.test("credentials that never come are given up at the deadline", async () => {
  const transport = createTransport(
    fakeConnection(new URL("http://127.0.0.1:1"), { credentials: () => new Promise(() => {}) }),
  );
  await assert.rejects(transport.send(get("/", { timeoutMs: 50 })), /did not answer within 50 ms/);
  transport.close();
});

Deno.test("new TLS material means new connections, and calls in flight end on theirs", async () => {
  let slow: (() => void) | undefined;
  await using server = await localServer((request, response) => {
    if (request.url === "/slow") slow = () => json(response, 200, {});
    else json(response, 200, {});
  });
  let tls = {};
  const transport = createTransport({
    ...server.connection,
    credentials: () => Promise.resolve({ headers: {}, tls }),
  });
  await transport.send(get("/"));
  const inFlight = transport.send(get("/slow"));
  await eventually(() => slow !== undefined, "the slow call to arrive");
  tls = {};
  await transport.send(get("/"));
  assert.equal(server.accepted, 2);
  slow?.();
  assert.equal((await inFlight).status, 200);
  await eventually(() => server.open === 1, "the retired connection to close");
  transport.close();
});

Deno.test("a closed client fails calls in flight and later ones", async () => {
  await using server = await localServer(() => {});
  const transport = createTransport(server.connection);
  const call = transport.send(get("/"));
  call.catch(() => {});
  await eventually(() => server.seen.length === 1, "the request to arrive");
  transport.close();
  await assert.rejects(call, /the client was closed|no answer/);
  await assert.rejects(transport.send(get("/")), /this client is closed/);
});
