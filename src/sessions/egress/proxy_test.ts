import assert from "node:assert/strict";
import { type EgressProxyOptions, openEgressProxy } from "./proxy.ts";
import { startRelay } from "./testing/relay.ts";
import { exchange, keeping, readAll, startRawSite, startSite, temporaryDirectory } from "./testing/rig.ts";

const text = new TextEncoder();

/** A proxy with the names `site.example` (this machine's loopback) and `rebind.example`, seen from a session. */
async function world(options: Partial<EgressProxyOptions> = {}) {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  const kept = keeping();
  const proxy = await openEgressProxy({
    socket: `${directory.path}/s`,
    allow: ["site.example:*", "127.0.0.1:*"],
    log: kept.log,
    metrics: kept.metrics,
    ownAddresses: () => [],
    resolve: (host) =>
      host === "site.example" ? Promise.resolve(["127.0.0.1"]) : Promise.reject(new Error("no")),
    ...options,
  });
  stack.defer(() => proxy.close());
  const relay = stack.use(startRelay(proxy.socket, "sess-one"));
  return { ...kept, proxy, relay, directory, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

Deno.test("CONNECT leads to what is listed, both ways, until both have ended", async () => {
  await using site = startRawSite(async (connection, heard) => {
    await connection.write(text.encode("hello first\n"));
    heard(text.encode(await readAll(connection)));
    await connection.write(text.encode("bye\n"));
  });
  await using one = await world();
  const said = await exchange(
    one.relay.port,
    `CONNECT site.example:${site.port} HTTP/1.1\r\nHost: x\r\n\r\nearly and late`,
  );
  assert.equal(said, "HTTP/1.1 200 Connection established\r\n\r\nhello first\nbye\n");
  assert.deepEqual(site.heard, ["early and late"]);
  assert.equal(one.counted.get("worker_egress_requests_total{allowed}"), 1);
  assert.equal(one.counted.get("worker_egress_bytes_total{out}"), "early and late".length);
  assert.equal(one.counted.get("worker_egress_bytes_total{in}"), "hello first\nbye\n".length);
});

Deno.test("a request for http://… goes on as one, without what was meant for the proxy", async () => {
  await using site = startRawSite(async (connection, heard) => {
    const buffer = new Uint8Array(4_096);
    heard(buffer.subarray(0, (await connection.read(buffer))!));
    await connection.write(text.encode("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  });
  await using one = await world();
  const said = await exchange(
    one.relay.port,
    `GET http://site.example:${site.port}/a?b=c HTTP/1.1\r\nHost: site.example:${site.port}\r\nX-Mine: 1\r\n` +
      "Proxy-Authorization: Basic c2VjcmV0\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nUpgrade: h2c\r\nTE: trailers\r\n\r\n",
    { keepsOpen: true },
  );
  assert.ok(said.endsWith("\r\n\r\nok"), said);
  assert.deepEqual(site.heard, [
    `GET /a?b=c HTTP/1.1\r\nhost: site.example:${site.port}\r\nconnection: close\r\nx-mine: 1\r\nvia: 1.1 coder-k8s\r\n\r\n`,
  ]);
});

Deno.test("bodies go along, of a length and in chunks", async () => {
  await using site = startSite();
  site.answers.set("/echo", async (request) => new Response(`${request.method} ${await request.text()}`));
  await using one = await world();
  const url = `http://site.example:${site.port}/echo`;
  const host = `Host: site.example:${site.port}`;
  const plain = await exchange(
    one.relay.port,
    `POST ${url} HTTP/1.1\r\n${host}\r\nContent-Length: 5\r\n\r\nhello`,
  );
  assert.ok(plain.endsWith("POST hello"), plain);
  const chunked = await exchange(
    one.relay.port,
    `PUT ${url} HTTP/1.1\r\n${host}\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nT: x\r\n\r\n`,
  );
  assert.ok(chunked.endsWith("PUT hello"), chunked);
});

Deno.test("a request that hides in another one does not get through", async () => {
  await using site = startRawSite(async (connection, heard) => {
    const buffer = new Uint8Array(4_096);
    for (let all = ""; !all.includes("ok");) {
      const count = await connection.read(buffer);
      if (count === null) return;
      heard(buffer.subarray(0, count));
      all += new TextDecoder().decode(buffer.subarray(0, count));
    }
    await connection.closeWrite();
    heard(text.encode(await readAll(connection)));
  });
  await using one = await world();
  const base = `POST http://site.example:${site.port}/ HTTP/1.1\r\nHost: site.example:${site.port}\r\n`;
  const hidden = "GET /hidden HTTP/1.1\r\nHost: other.example\r\n\r\n";
  const refused = [
    `${base}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
    `${base}Content-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
    `${base}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`,
    `${base}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${hidden}`,
    `${base}X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
    `${base}Host: other.example\r\n\r\n${hidden}`,
    `POST http://site.example:${site.port}/ HTTP/1.1\r\nHost: other.example\r\n\r\n${hidden}`,
    `POST http://site.example:${site.port}/ HTTP/1.1\r\n\r\n${hidden}`,
    `POST http://site.example:${site.port}@other.example/ HTTP/1.1\r\nHost: x\r\n\r\n${hidden}`,
    `POST http://user@site.example:${site.port}/ HTTP/1.1\r\nHost: x\r\n\r\n${hidden}`,
    `POST http://site.example:${site.port}\\@other.example/ HTTP/1.1\r\nHost: x\r\n\r\n${hidden}`,
    `CONNECT site.example:${site.port} HTTP/1.1\r\nContent-Length: 4\r\n\r\n${hidden}`,
  ];
  for (const request of refused) {
    const said = await exchange(one.relay.port, request);
    assert.match(said, /^HTTP\/1\.1 (400|501) /, request);
  }
  assert.equal(site.heard.length, 0);
  // What comes after a whole request is not for anybody.
  await exchange(one.relay.port, `${base}Content-Length: 2\r\n\r\nok${hidden}`);
  await exchange(one.relay.port, `${base}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n${hidden}`);
  assert.equal(site.heard.length, 2);
  assert.ok(!site.heard.join("\n").includes("/hidden"), site.heard.join("\n---\n"));
});

Deno.test("what is no request to a proxy is told so", async () => {
  await using one = await world();
  const cases: [string, RegExp][] = [
    ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", /^HTTP\/1\.1 400 this is a proxy/],
    ["GET https://site.example/ HTTP/1.1\r\nHost: a\r\n\r\n", /^HTTP\/1\.1 400 this is a proxy/],
    ["CONNECT site.example HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 400 no host and port: site\.example/],
    ["CONNECT site.example:0 HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 400 no host and port/],
    ["CONNECT :443 HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 400 no host and port/],
    [`GET http://a/ HTTP/1.1\r\nX: ${"y".repeat(40_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
    ["\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", /^HTTP\/1\.1 400 /],
  ];
  for (const [request, words] of cases) assert.match(await exchange(one.relay.port, request), words);
});

Deno.test("a refusal says what and why in the status line, the body and the log", async () => {
  await using one = await world({ allow: ["site.example"] });
  const said = await exchange(one.relay.port, "CONNECT evil.example:443 HTTP/1.1\r\n\r\n");
  const words = "evil.example:443 is not in the egress list of this worker (allowed: site.example); " +
    "whoever runs it can add it with --egress";
  assert.ok(said.startsWith(`HTTP/1.1 403 ${words}\r\n`), said);
  assert.ok(said.endsWith(`\r\n\r\n${words}\n`), said);
  const line = one.lines.find(({ message }) => message === "egress of a session was refused")!;
  assert.equal(line.fields["session_id"], "sess-one");
  assert.equal(line.fields["target"], "evil.example:443");
  assert.equal(one.counted.get("worker_egress_requests_total{refused}"), 1);
});

Deno.test("a name that is listed and leads inside is refused, and one that changes is connected to as it was checked", async () => {
  await using inside = startSite();
  await using outside = startSite();
  outside.answers.set("/", () => new Response("outside"));
  inside.answers.set("/", () => new Response("inside"));
  let asked = 0;
  await using one = await world({
    allow: ["rebind.example:*", `127.0.0.1:${outside.port}`],
    // Another answer each time, as a name server of an attacker gives.
    resolve: () => Promise.resolve([asked++ === 0 ? "127.0.0.1" : "169.254.169.254"]),
  });
  const get = (port: number) =>
    exchange(
      one.relay.port,
      `GET http://rebind.example:${port}/ HTTP/1.1\r\nHost: rebind.example:${port}\r\n\r\n`,
    );
  assert.ok((await get(outside.port)).endsWith("outside"));
  assert.equal(asked, 1);
  assert.match(await get(inside.port), /^HTTP\/1\.1 403 rebind\.example has an internal address/);
  assert.match(await get(outside.port), /^HTTP\/1\.1 403 rebind\.example has an internal address/);
  assert.equal(inside.requests.length, 0);
});

Deno.test("what is allowed and not there is a failure, told apart from a refusal", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await using one = await world({ allow: ["site.example:*", "gone.example:*", "127.0.0.1:*"] });
  const said = await exchange(one.relay.port, `CONNECT site.example:${port} HTTP/1.1\r\n\r\n`);
  assert.match(said, /^HTTP\/1\.1 502 site\.example:\d+ is allowed, but the worker could not connect: /);
  assert.match(
    await exchange(one.relay.port, "CONNECT gone.example:1 HTTP/1.1\r\n\r\n"),
    /^HTTP\/1\.1 502 the name gone/,
  );
  assert.equal(one.counted.get("worker_egress_requests_total{failed}"), 2);
});

Deno.test("the next address is tried where the first one does not answer", async () => {
  await using site = startSite();
  site.answers.set("/", () => new Response("second"));
  await using one = await world({
    allow: ["site.example:*", "127.0.0.0/8:*"],
    resolve: () => Promise.resolve(["127.9.9.9", "127.0.0.1"]),
  });
  const host = `site.example:${site.port}`;
  const said = await exchange(one.relay.port, `GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  assert.ok(said.endsWith("second"), said);
});

Deno.test("connections of one session beyond its number are refused, others' are not", async () => {
  await using site = startRawSite(async (connection) => void await readAll(connection));
  await using one = await world({ limits: { perSession: 2 } });
  await using other = startRelay(one.proxy.socket, "sess-two");
  const request = `CONNECT site.example:${site.port} HTTP/1.1\r\n\r\n`;
  const open = async (port: number) => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    await connection.write(text.encode(request));
    const buffer = new Uint8Array(1_024);
    const count = await connection.read(buffer);
    return { connection, said: new TextDecoder().decode(buffer.subarray(0, count ?? 0)) };
  };
  const first = await open(one.relay.port);
  const second = await open(one.relay.port);
  assert.match(second.said, / 200 /);
  const third = await open(one.relay.port);
  assert.match(third.said, /^HTTP\/1\.1 429 this session has too many connections open/);
  const foreign = await open(other.port);
  assert.match(foreign.said, / 200 /);
  first.connection.close();
  // As soon as the end of one is seen, there is room again.
  for (let said = ""; !said.includes(" 200 ");) {
    const again = await open(one.relay.port);
    said = again.said;
    again.connection.close();
  }
  for (const { connection } of [second, third, foreign]) connection.close();
});

Deno.test("a connection on which nothing happens is closed, and so is one that lasts too long", async () => {
  await using site = startRawSite(async (connection) => {
    await connection.write(text.encode("..."));
    const beat = setInterval(() => connection.write(text.encode(".")).catch(() => clearInterval(beat)), 20);
    await readAll(connection);
    clearInterval(beat);
  });
  await using silent = startRawSite(async (connection) => void await readAll(connection));
  const request = (port: number) => `CONNECT site.example:${port} HTTP/1.1\r\n\r\n`;
  // Long enough for a connection to be made on a busy machine; all at once, so that it is waited for but once.
  await using idle = await world({ limits: { idleMs: 2_000 } });
  await using short = await world({ limits: { totalMs: 2_000 } });
  const [quiet, half, long] = await Promise.all([
    exchange(idle.relay.port, request(silent.port), { keepsOpen: true }),
    exchange(idle.relay.port, "GET http://a", { keepsOpen: true }),
    exchange(short.relay.port, request(site.port), { keepsOpen: true }),
  ]);
  assert.match(quiet, / 200 /);
  assert.equal(half, "");
  assert.match(long, / 200 .*\./s);
});

Deno.test("who does not say whose connection it is, is not served", async () => {
  await using one = await world();
  for (
    const greeting of ["", "../../etc\n", `${"a".repeat(100)}\n`, "GET / HTTP/1.1\r\n\r\n", "two words\n"]
  ) {
    using connection = await Deno.connect({ transport: "unix", path: one.proxy.socket });
    await connection.write(text.encode(`${greeting}CONNECT site.example:1 HTTP/1.1\r\n\r\n`)).catch(() => {});
    await connection.closeWrite().catch(() => {});
    assert.equal(await readAll(connection), "", greeting);
  }
});

Deno.test("a hundred at once get what is theirs", async () => {
  await using site = startSite();
  await using one = await world();
  const host = `site.example:${site.port}`;
  const all = await Promise.all(Array.from({ length: 100 }, async (_, index) => {
    site.answers.set(`/${index}`, () => new Response(`answer ${index}`));
    return await exchange(one.relay.port, `GET http://${host}/${index} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  }));
  all.forEach((said, index) => assert.ok(said.endsWith(`answer ${index}`), said));
});

Deno.test("closing ends what is open, removes the socket, and another process may have it", async () => {
  await using site = startRawSite(async (connection) => void await readAll(connection));
  await using one = await world();
  const open = exchange(one.relay.port, `CONNECT site.example:${site.port} HTTP/1.1\r\n\r\n`, {
    keepsOpen: true,
  });
  while (one.counted.get("worker_egress_connections{}") !== 1) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await one.proxy.close();
  assert.match(await open, / 200 /);
  assert.equal(one.counted.get("worker_egress_connections{}"), 0);
  await assert.rejects(Deno.stat(one.proxy.socket), Deno.errors.NotFound);
  await Deno.writeTextFile(one.proxy.socket, "left over");
  const again = await openEgressProxy({ socket: one.proxy.socket, allow: [], log: one.log });
  assert.equal((await Deno.stat(again.socket)).mode! & 0o777, 0o600);
  await again.close();
});

Deno.test("an entry that cannot be read is an error at once", async () => {
  await using directory = await temporaryDirectory();
  const { log } = keeping();
  await assert.rejects(
    openEgressProxy({ socket: `${directory.path}/s`, allow: ["https://x"], log }),
    /https:\/\/x/,
  );
});
