import assert from "node:assert/strict";
import { connect as connectPlain } from "node:net";
import { issueAuthority } from "./certificates/issue.ts";
import { gadget } from "./testing/gadgets.ts";
import { createAuthority, issueCertificate } from "../../../tests/cluster/pki.ts";
import { issueLocal, LiveServer, until } from "./testing/live_server.ts";

const ROOT = "/apis/gadgets.coder.test/v1alpha1";
const get = (path: string, more = "") => `GET ${path} HTTP/1.1\r\nHost: x\r\nx-user: jane\r\n${more}\r\n`;

Deno.test("a request that is not HTTP is answered with 400, and its connection ends", async () => {
  await using live = await LiveServer.start();
  const text = await live.raw("NONSENSE\r\n\r\n");
  assert.match(text, /^HTTP\/1\.1 400 Bad Request\r\n[^]*Connection: close[^]*"reason":"BadRequest"/);
  const smuggled = await live.raw(
    `POST ${ROOT}/gadgets HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  );
  assert.match(smuggled, /^HTTP\/1\.1 400 /);
});

Deno.test("headers that are too large are refused", async () => {
  await using live = await LiveServer.start({ limits: { maxHeaderBytes: 4_096 } });
  const text = await live.raw(get("/version", `x-large: ${"a".repeat(10_000)}\r\n`));
  assert.match(text, /^HTTP\/1\.1 431 /);
  assert.match(
    await live.raw(get("/version", `Connection: close\r\nx-small: ${"a".repeat(1_000)}\r\n`)),
    /^HTTP\/1\.1 200 /,
  );
});

Deno.test("a client that does not finish its request is not waited for", async () => {
  await using live = await LiveServer.start({ limits: { headMs: 300 } });
  const started = performance.now();
  const text = await live.raw("GET / HTTP/1.1\r\nHo");
  assert.ok(performance.now() - started < 30_000);
  assert.match(text, /^HTTP\/1\.1 504 |^$/);
});

Deno.test("a client that opens a connection and says nothing is not waited for", async () => {
  await using live = await LiveServer.start({ limits: { handshakeMs: 200 } });
  const closed = Promise.withResolvers<void>();
  const socket = connectPlain({ host: "127.0.0.1", port: live.port }).on("close", () => closed.resolve()).on(
    "error",
    () => {},
  ).resume();
  await closed.promise;
  socket.destroy();
  await until(
    () => live.logLines.some(({ message }) => message === "a TLS handshake failed"),
    "it is logged",
  );
});

Deno.test("plain HTTP is no way in", async () => {
  await using live = await LiveServer.start();
  const socket = connectPlain({ host: "127.0.0.1", port: live.port });
  const closed = Promise.withResolvers<void>();
  let text = "";
  socket.on("data", (piece) => text += piece.toString("latin1")).on("close", () => closed.resolve()).on(
    "error",
    () => {},
  );
  socket.write(get("/version"));
  await closed.promise;
  assert.doesNotMatch(text, /HTTP\/1\.1 200/);
  assert.equal((await live.call("/version")).code, 200);
});

Deno.test("nothing older than TLS 1.2 is spoken", async () => {
  await using live = await LiveServer.start();
  await assert.rejects(live.connect({ minVersion: "TLSv1", maxVersion: "TLSv1.1" }));
  for (const version of ["TLSv1.2", "TLSv1.3"]) {
    const socket = await live.connect({ minVersion: version, maxVersion: version });
    assert.equal(socket.getProtocol(), version);
    socket.destroy();
  }
});

Deno.test("a request to speak something else is answered as HTTP", async () => {
  await using live = await LiveServer.start();
  const text = await live.raw(
    get("/version", "Connection: Upgrade\r\nUpgrade: websocket\r\n"),
    (so_far) => so_far.includes("gitVersion"),
  );
  assert.match(text, /^HTTP\/1\.1 200 /);
});

Deno.test("a body that nobody reads ends its connection, and is never taken for a request", async () => {
  await using live = await LiveServer.start();
  const inner = get(`${ROOT}/gadgets`);
  const text = await live.raw(
    `POST ${ROOT}/namespaces/n/gadgets HTTP/1.1\r\nHost: x\r\nx-user: jane\r\nContent-Length: ${inner.length}\r\n\r\n${inner}${inner}`,
  );
  assert.match(text, /^HTTP\/1\.1 405 [^]*Connection: close/);
  assert.equal(text.match(/HTTP\/1\.1/g)?.length, 1);
});

Deno.test("a new certificate is served to new connections without a restart", async () => {
  await using live = await LiveServer.start();
  const other = await issueAuthority("other", { now: Date.now(), lifetimeMs: 86_400_000 });
  const old = await live.connect();
  live.certificate.set(await issueLocal(other));
  await assert.rejects(live.connect());
  const socket = await live.connect({ ca: other.certPem });
  assert.equal(socket.authorized, true);
  socket.destroy();
  // Connections that are open go on.
  const answered = Promise.withResolvers<string>();
  old.on("data", (piece) => answered.resolve(piece.toString()));
  old.write(get("/version"));
  assert.match(await answered.promise, /^HTTP\/1\.1 200 /);
  old.destroy();
});

Deno.test("a certificate that cannot be used is not taken, and the old one stays", async () => {
  await using live = await LiveServer.start();
  const [one, two] = [await issueLocal(), await issueLocal()];
  for (
    const pair of [{ certPem: one.certPem, keyPem: two.keyPem }, { certPem: "junk", keyPem: one.keyPem }, {
      certPem: one.certPem,
      keyPem: "junk",
    }]
  ) {
    live.certificate.set(pair);
    assert.equal((await live.call("/version")).code, 200);
  }
  assert.equal(live.logLines.filter(({ level }) => level === "error").length, 3);
  assert.doesNotMatch(JSON.stringify(live.logLines.map(({ fields }) => String(fields["error"]))), /PRIVATE/);
  live.certificate.set(one);
  assert.equal((await live.call("/version")).code, 200);
});

Deno.test("whom clients may be vouched for by changes without a restart", async () => {
  const authorities: string[] = [];
  let reload = () => {};
  let seen: unknown;
  await using live = await LiveServer.start({
    authentication: {
      get current() {
        return authorities.length === 0 ? {} : { clientCa: { pem: authorities[0]!, authorities: [] } };
      },
      subscribe(listener) {
        reload = () => listener({});
        return () => {};
      },
    },
    authenticate: ({ peer }) => {
      seen = peer?.authorized;
      return Promise.resolve({
        kind: "anonymous",
        user: { name: "system:anonymous", groups: [], extra: {} },
      });
    },
  });
  const client = await createAuthority("client");
  const pair = await issueCertificate(client, { commonName: "jane", usage: ["client"] });
  const ask = async () => {
    const socket = await live.connect({ cert: pair.certPem, key: pair.keyPem });
    const answered = Promise.withResolvers<void>();
    socket.on("data", () => answered.resolve());
    socket.write(get("/version"));
    await answered.promise;
    socket.destroy();
  };
  await ask();
  assert.equal(seen, false);
  authorities.push(client.certPem);
  reload();
  await ask();
  assert.equal(seen, true);
});

Deno.test("a port that is taken, or a certificate that is missing, is said before anything is served", async () => {
  await using live = await LiveServer.start();
  await using other = await LiveServer.start();
  await assert.rejects(
    other.server.listen({ hostname: "127.0.0.1", port: live.port }),
    /Cannot listen on 127\.0\.0\.1:\d+ for the aggregated API/,
  );
  await assert.rejects(
    LiveServer.start({ certificate: { current: undefined, subscribe: () => () => {} } }),
    /no serving certificate yet/,
  );
  const { certPem } = await issueLocal();
  await assert.rejects(
    LiveServer.start({ certificate: { current: { certPem, keyPem: "junk" }, subscribe: () => () => {} } }),
    /cannot be used: the private key cannot be read/,
  );
});

Deno.test("every interface means IPv6, too, where there is one", async () => {
  await using live = await LiveServer.start();
  const { port, hostname } = await live.server.listen({ hostname: "0.0.0.0", port: 0 });
  assert.ok(["::", "0.0.0.0"].includes(hostname), hostname);
  live.port = port;
  assert.equal((await live.call("/version")).code, 200);
});

Deno.test("a client that does not read its answer does not keep it for ever", async () => {
  await using live = await LiveServer.start({ limits: { deadlineMs: 3_000 } });
  for (let index = 0; index < 300; index++) {
    live.storage.put({ ...gadget("n", `g${index}`), spec: { color: "x".repeat(100_000) } });
  }
  const slow = await Deno.connectTls({ hostname: "localhost", port: live.port, caCerts: [live.caPem] });
  await slow.write(new TextEncoder().encode(get(`${ROOT}/gadgets`)));
  const labels = { verb: "LIST", group: "gadgets.coder.test", version: "v1alpha1", resource: "gadgets" };
  const answered = { ...labels, subresource: "", scope: "cluster", code: "200" };
  await until(() => live.metrics.get("apiserver_request_total", answered) === 1, "it is answered");
  const connections = () => live.server.connections;
  await until(() => connections() === 0, "the connection is cut");
  let size = 0;
  const piece = new Uint8Array(1 << 20);
  for (;;) {
    const read = await slow.read(piece).catch(() => null);
    if (read === null) break;
    size += read;
  }
  assert.ok(size < 30_000_000, `${size} bytes`);
  slow.close();
});
