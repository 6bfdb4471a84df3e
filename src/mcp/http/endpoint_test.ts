import assert from "node:assert/strict";
import { ToolError } from "../errors.ts";
import { eventually } from "../protocol/testing.ts";
import type { Visitor } from "../surface.ts";
import { testVisitor } from "../protocol/testing.ts";
import { modernRequest, request, testEndpoint, toolCall } from "./testing.ts";

Deno.test("paths are what they are, and nothing else", async () => {
  let ready = false;
  await using rig = await testEndpoint({
    ready: () => ({ ready, text: ready ? "ok" : "caches: not synced" }),
    resourceMetadata: { resource: "https://mcp.example.com/mcp" },
  });
  const get = async (path: string) => {
    const answer = await rig.send("GET", path);
    return [answer.status, await answer.text()];
  };
  assert.deepEqual(await get("/healthz"), [200, "ok"]);
  assert.deepEqual(await get("/readyz"), [503, "caches: not synced"]);
  ready = true;
  assert.deepEqual(await get("/readyz?verbose"), [200, "ok"]);
  const metadata = [200, `{"resource":"https://mcp.example.com/mcp"}`];
  assert.deepEqual(await get("/.well-known/oauth-protected-resource"), metadata);
  assert.deepEqual(await get("/.well-known/oauth-protected-resource/mcp"), metadata);
  for (const path of ["/", "/mcp/", "/mcpx", "/sse", "/messages"]) {
    assert.equal((await get(path))[0], 404, path);
  }
});

Deno.test("without metadata there is none, and without a check of readiness it is ready", async () => {
  await using rig = await testEndpoint();
  const metadata = await rig.send("GET", "/.well-known/oauth-protected-resource");
  assert.equal(metadata.status, 404);
  await metadata.body?.cancel();
  const ready = await rig.send("GET", "/readyz");
  assert.deepEqual([ready.status, await ready.text()], [200, "ok"]);
});

Deno.test("pages are asked for what is at their prefix and below it, and let callers in by the same door", async () => {
  const closed: string[] = [];
  const visitor = (id: string): Visitor => ({ ...testVisitor(id), close: () => void closed.push(id) });
  let admitted = 0;
  let ended = 0;
  await using rig = await testEndpoint({
    admit: ({ headers }) => {
      const id = headers.get("x-caller");
      if (id === null) return Promise.resolve({ refusal: { status: 401, message: "say who you are" } });
      return Promise.resolve({ visitor: visitor(`${id}${++admitted}`) });
    },
    pages: {
      prefix: "/ui",
      async handle(call, door) {
        if (call.path === "/ui/open") return call.answer(200, "open");
        const first = await door.admit();
        if (first === undefined) return;
        for (let count = 0; count < 3; count++) await door.again(new AbortController().signal);
        assert.deepEqual(closed, ["ann1", "ann2"], "the last two are still of use");
        call.answer(200, first.caller.id);
      },
      close: () => void ended++,
    },
  });
  const get = async (path: string, headers: Record<string, string> = {}, method = "GET") => {
    const answer = await rig.send(method, path, headers);
    return [answer.status, (await answer.text()).slice(0, 4)];
  };
  assert.deepEqual(await get("/ui/open"), [200, "open"]);
  assert.equal((await get("/ui/data"))[0], 401);
  assert.deepEqual(await get("/ui/data", { "x-caller": "ann" }), [200, "ann1"]);
  assert.deepEqual(closed, ["ann1", "ann2", "ann3", "ann4"]);
  assert.equal((await get("/uix", { "x-caller": "ann" }))[0], 404);
  assert.equal((await get("/ui/open", {}, "DELETE"))[0], 405);
  assert.equal((await get("/ui/open", { origin: "https://evil.example.com" }))[0], 403);
  await rig.endpoint.drain(1_000);
  assert.equal(ended, 1);
});

Deno.test("requests that are not of the protocol are refused as HTTP says it", async () => {
  await using rig = await testEndpoint({ maxBodyBytes: 1_000 });
  const session = await rig.begin();
  const json = { "content-type": "application/json" };
  const status = async (method: string, headers: Record<string, string>, body?: string) => {
    const answer = await rig.send(method, "/mcp", headers, body);
    await answer.body?.cancel();
    return answer.status;
  };
  const ping = JSON.stringify(request("ping"));
  const put = await rig.send("PUT", "/mcp", json, ping);
  assert.deepEqual([put.status, put.headers.get("allow")], [405, "GET, POST, DELETE"]);
  await put.body?.cancel();
  assert.equal(await status("POST", { "content-type": "text/plain", ...session }, ping), 415);
  assert.equal(await status("POST", { ...json, ...session, accept: "application/json" }, ping), 406);
  assert.equal(
    await status("POST", { ...json, ...session, accept: "text/*, application/*;q=0.5" }, ping),
    200,
  );
  assert.equal(
    await status("POST", { "content-type": "Application/JSON; charset=utf-8", ...session }, ping),
    200,
  );
  assert.equal(await status("POST", { ...json, ...session }, "{"), 400);
  assert.equal(await status("POST", { ...json, ...session }, `{"jsonrpc":"2.0","odd":1}`), 400);
  assert.equal(await status("POST", { ...json, ...session }, "x".repeat(1_001)), 413);
  assert.equal(await status("POST", { ...json, "mcp-session-id": "no" }, ping), 404);
  assert.equal(
    await status("POST", { ...json, ...session, "mcp-protocol-version": "1999-01-01" }, ping),
    400,
  );
  assert.equal(await status("POST", json, JSON.stringify(toolCall("get_workspace"))), 400);
  assert.equal(await status("POST", json, ping), 200);
  assert.equal(await status("GET", session), 200);
  assert.equal(await status("GET", {}), 400);
  assert.equal(await status("GET", { ...session, accept: "application/json" }), 406);
  assert.equal(await status("GET", { ...session, "last-event-id": "1" }), 400);
  assert.equal(await status("DELETE", {}), 400);
  assert.equal(await status("DELETE", session), 204);
  assert.equal(await status("POST", { ...json, ...session }, ping), 404);
});

Deno.test("who comes from elsewhere is refused before anything is asked", async () => {
  let asked = 0;
  await using rig = await testEndpoint({
    allowedOrigins: ["https://app.example.com"],
    admit() {
      asked++;
      return Promise.resolve({ refusal: { status: 403, message: "no" } });
    },
  });
  const foreign = await rig.post(request("ping"), { origin: "https://evil.example.com" });
  assert.deepEqual([foreign.status, asked], [403, 0]);
  assert.match(foreign.text, /Origin is not allowed/);
  const allowed = await rig.post(request("ping"), { origin: "https://app.example.com" });
  assert.deepEqual([allowed.status, asked], [403, 1]);
});

Deno.test("pages that are named may read answers, and others may not ask", async () => {
  await using rig = await testEndpoint({ allowedOrigins: ["https://app.example.com"] });
  const origin = "https://app.example.com";
  const preflight = await rig.send("OPTIONS", "/mcp", { origin, "x-caller": "nobody" });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get("access-control-allow-origin"), origin);
  assert.match(preflight.headers.get("access-control-allow-headers")!, /Mcp-Session-Id/);
  const answer = await rig.post(request("ping"), { origin });
  assert.equal(answer.headers.get("access-control-allow-origin"), origin);
  const session = await rig.begin();
  const stream = await rig.send("GET", "/mcp", { ...session, origin });
  assert.equal(stream.headers.get("access-control-allow-origin"), origin);
  await stream.body!.cancel();
  const local = await rig.send("OPTIONS", "/mcp", { origin: "http://localhost:6274" });
  assert.deepEqual([local.status, local.headers.get("access-control-allow-origin")], [405, null]);
  await local.body?.cancel();
});

Deno.test("who is not let in is told how, and who cannot be asked about comes again", async () => {
  await using rig = await testEndpoint();
  const nobody = await rig.post(request("ping"), { "x-caller": "nobody" });
  assert.deepEqual([nobody.status, nobody.headers.get("www-authenticate")], [401, "Bearer"]);
  await using slow = await testEndpoint({
    admitMs: 10,
    admit: (_, signal) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  });
  assert.equal((await slow.post(request("ping"))).status, 503);
  await using broken = await testEndpoint({ admit: () => Promise.reject(new Error("a bug")) });
  const answer = await broken.post(request("ping"));
  assert.equal(answer.status, 500);
  assert.doesNotMatch(answer.text, /a bug/);
});

Deno.test("a caller has its share of requests and of streams, and lets go of what was opened", async () => {
  let closed = 0;
  const { admitByHeader } = await import("./testing.ts");
  await using rig = await testEndpoint({
    // None comes back while this lasts.
    rate: 0.01,
    burst: 4,
    streamLimits: { eachCaller: 1 },
    admit: async (call, signal) => {
      const admission = await admitByHeader(call, signal);
      return "visitor" in admission
        ? { visitor: { ...admission.visitor, close: () => void closed++ } }
        : admission;
    },
  });
  const session = await rig.begin();
  const stream = await rig.send("GET", "/mcp", session);
  assert.equal(stream.status, 200);
  const second = await rig.send("GET", "/mcp", session);
  assert.equal(second.status, 503);
  await second.body?.cancel();
  const { message, headers } = modernRequest("subscriptions/listen", { notifications: {} });
  assert.equal((await rig.post(message, headers)).status, 503);
  const late = await rig.post(request("ping"));
  assert.equal(late.status, 429);
  const seconds = Number(late.headers.get("retry-after"));
  assert.ok(seconds >= 1 && seconds <= 100, String(seconds));
  assert.equal((await rig.post(request("ping"), { "x-caller": "bob" })).status, 200);
  await eventually(() => closed === 6, "all visitors to be let go of");
  await stream.body?.cancel();
  await eventually(() => rig.endpoint.streams === 0, "the stream to end");
});

Deno.test("an end finishes calls in hand, ends streams at once, and takes nothing new", async () => {
  await using rig = await testEndpoint({ keepAliveMs: 5 });
  const session = await rig.begin();
  const stream = await rig.send("GET", "/mcp", session);
  const call = rig.post(toolCall("wait", {}, {}, 5), session);
  await rig.test.waiting(1);
  const started = performance.now();
  const graceMs = 4_000;
  const ended = rig.endpoint.drain(graceMs);
  assert.match(await stream.text(), /^(: keep-alive\n\n)*$/);
  assert.ok(performance.now() - started < graceMs, "streams ended before the grace");
  await assert.rejects(call);
  await ended;
  assert.ok(performance.now() - started < 30_000);
  assert.deepEqual(rig.test.waits, ["AbortError"]);
});

Deno.test("an end with streams alone takes no time", async () => {
  await using rig = await testEndpoint();
  const session = await rig.begin();
  const streams = await Promise.all(Array.from({ length: 5 }, () => rig.send("GET", "/mcp", session)));
  assert.equal(rig.endpoint.streams, 5);
  const started = performance.now();
  await rig.endpoint.drain();
  assert.ok(performance.now() - started < 30_000);
  for (const stream of streams) assert.equal(await stream.text(), "");
});

Deno.test("a connection goes on where nothing is left on it", async () => {
  await using rig = await testEndpoint();
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: rig.port });
  const decoder = new TextDecoder();
  const ask = async (text: string) => {
    await connection.write(new TextEncoder().encode(text));
    const buffer = new Uint8Array(4_096);
    const size = await connection.read(buffer);
    return decoder.decode(buffer.subarray(0, size ?? 0));
  };
  const head = "Host: localhost\r\n";
  for (const path of ["/healthz", "/nothing", "/mcp"]) {
    assert.doesNotMatch(await ask(`GET ${path} HTTP/1.1\r\n${head}\r\n`), /connection: close/i, path);
  }
  const unread = await ask(`PUT /mcp HTTP/1.1\r\n${head}Content-Length: 5\r\n\r\n`);
  assert.match(unread, /^HTTP\/1\.1 405[^]*connection: close/i);
});

Deno.test("an address that is taken is told", async () => {
  await using rig = await testEndpoint();
  await assert.rejects(
    testEndpoint({ address: { hostname: "127.0.0.1", port: rig.port } }),
    /Cannot listen on 127\.0\.0\.1:\d+ for MCP/,
  );
});

Deno.test("a head that does not come to its end, and a body, are not waited for", async () => {
  await using rig = await testEndpoint({ headMs: 100 });
  const half = async (text: string) => {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: rig.port });
    await connection.write(new TextEncoder().encode(text));
    const started = performance.now();
    const answer = await new Response(connection.readable).text();
    return { status: answer.split(" ")[1], took: performance.now() - started };
  };
  const head = await half("POST /mcp HTTP/1.1\r\nHost: localhost\r\n");
  assert.equal(head.status, "408");
  const body = await half(
    "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: */*\r\nContent-Length: 9\r\n\r\n{",
  );
  assert.equal(body.status, "408");
  assert.ok(head.took < 60_000 && body.took < 60_000);
});

Deno.test("what is no HTTP is told at once", async () => {
  await using rig = await testEndpoint();
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: rig.port });
  await connection.write(new TextEncoder().encode("nonsense\r\n\r\n"));
  assert.match(await new Response(connection.readable).text(), /^HTTP\/1\.1 400 /);
});

Deno.test("a body that breaks off, and one that is larger than it may be, end", async () => {
  let read = 0;
  await using rig = await testEndpoint({ maxBodyBytes: 1_000 });
  const head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: */*\r\n";
  const write = async (text: string) => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: rig.port });
    await connection.write(new TextEncoder().encode(text));
    return connection;
  };
  const broken = await write(`${head}Content-Length: 100\r\n\r\n{`);
  broken.close();
  const large = await write(
    `${head}Transfer-Encoding: chunked\r\n\r\n7d0\r\n${"x".repeat(2_000)}\r\n0\r\n\r\n`,
  );
  const buffer = new Uint8Array(4_096);
  read = await large.read(buffer) ?? 0;
  assert.match(new TextDecoder().decode(buffer.subarray(0, read)), /^HTTP\/1\.1 413/);
  large.close();
  assert.equal((await rig.post(request("ping"))).status, 200);
});

Deno.test("documents beside the protocol are for whom is let in, and refusals are told", async () => {
  await using rig = await testEndpoint({
    documents: new Map<string, (visitor: Visitor) => Promise<unknown>>([
      ["/debug/sessions", ({ caller }) => {
        if (caller.id === "bob") throw new ToolError("forbidden", "bob is no administrator");
        return Promise.resolve({ for: caller.id });
      }],
      ["/debug/broken", () => Promise.reject(new Error("inside"))],
    ]),
  });
  const get = async (path: string, caller: string, method = "GET") => {
    const answer = await rig.send(method, path, { "x-caller": caller });
    return [answer.status, await answer.text()] as const;
  };
  const [status, text] = await get("/debug/sessions", "ann");
  assert.deepEqual([status, JSON.parse(text)], [200, { for: "ann" }]);
  assert.equal((await get("/debug/sessions", "nobody"))[0], 401);
  const [refused, why] = await get("/debug/sessions", "bob");
  assert.deepEqual([refused, JSON.parse(why).error.message], [403, "bob is no administrator"]);
  assert.equal((await get("/debug/sessions", "ann", "DELETE"))[0], 405);
  const [broken, shown] = await get("/debug/broken", "ann");
  assert.equal(broken, 500);
  assert.doesNotMatch(shown, /inside/);
  assert.deepEqual(await get("/ready", "nobody"), [200, "ok"]);
});
