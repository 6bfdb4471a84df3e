import assert from "node:assert/strict";
import http from "node:http";
import type net from "node:net";
import { createAuthority, issueCertificate } from "../../tests/cluster/pki.ts";
import { type FakeCoder, startFakeCoder } from "../../tests/fake-coder/mod.ts";
import { type CoderTransport, createTransport, type TransportRequest } from "./transport.ts";
import { TransportFailure } from "./transport_failure.ts";

const HEADERS = { "Accept": "application/json", "User-Agent": "coder-k8s" };
const get: TransportRequest = {
  method: "GET",
  path: "/api/v2/buildinfo",
  headers: HEADERS,
  timeoutMs: 60_000,
};
const post: TransportRequest = {
  method: "POST",
  path: "/api/v2/users/login",
  headers: { ...HEADERS, "Content-Type": "application/json" },
  body: `{"email":"żółw@example.com","password":"x"}`,
  timeoutMs: 60_000,
};

interface Pair extends AsyncDisposable {
  fake: FakeCoder;
  transport: CoderTransport;
}

async function pair(options: Partial<Parameters<typeof createTransport>[0]> = {}): Promise<Pair> {
  const fake = await startFakeCoder();
  const transport = createTransport({ url: fake.url, ...options });
  return {
    fake,
    transport,
    async [Symbol.asyncDispose]() {
      transport.close();
      await fake[Symbol.asyncDispose]();
    },
  };
}

async function failure(sending: Promise<unknown>): Promise<TransportFailure> {
  const error = await sending.then(() => undefined, (error: unknown) => error);
  assert.ok(error instanceof TransportFailure, String(error));
  return error;
}

async function eventually(look: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 60_000;
  while (!look()) {
    if (performance.now() > end) throw new Error(`waited 60 s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

Deno.test("an answer comes with status, headers by lower-case name, and body", async () => {
  await using both = await pair();
  const answer = await both.transport.send(get);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers["x-coder-build-version"], "v2.30.0+43e67d1");
  assert.equal(JSON.parse(answer.body).deployment_id, both.fake.state.deploymentId);
  both.fake.assertClean();
});

Deno.test("reads one after another share a connection", async () => {
  await using both = await pair();
  for (let index = 0; index < 10; index++) await both.transport.send(get);
  assert.equal(both.fake.connections.accepted, 1);
});

Deno.test("reads at a time share no more than the pool allows", async () => {
  await using both = await pair({ maxSockets: 3 });
  both.fake.faults.add({ times: Infinity, action: { do: "delay", ms: 20 } });
  await Promise.all(Array.from({ length: 12 }, () => both.transport.send(get)));
  assert.equal(both.fake.connections.accepted, 3);
});

Deno.test("every write has a connection of its own, which ends with it", async () => {
  await using both = await pair();
  await both.transport.send(get);
  for (let index = 0; index < 3; index++) await both.transport.send(post);
  assert.equal(both.fake.connections.accepted, 4);
  await eventually(() => both.fake.connections.open === 1, "the writes' connections to close");
});

Deno.test("bodies are sent as UTF-8 with their length in bytes", async () => {
  await using both = await pair();
  both.fake.state.addUser({ username: "a", email: "żółw@example.com", password: "x" });
  const answer = await both.transport.send(post);
  // The strict server takes no such address; what counts is that it could read the body.
  assert.equal(answer.status, 400);
  assert.match(both.fake.violations.join(), /email/);
  assert.doesNotMatch(both.fake.violations.join(), /JSON|Content-Length/);
});

Deno.test("redirects come back as they are, and nothing goes to where they point", async () => {
  await using both = await pair();
  await using other = await startFakeCoder();
  const headers = { Location: `${other.url}/api/v2/buildinfo` };
  both.fake.faults.add({ action: { do: "answer", reply: { status: 307, headers } } });
  assert.equal((await both.transport.send(get)).status, 307);
  assert.equal(other.requests.length, 0);
  assert.equal(other.connections.accepted, 0);
});

Deno.test("an idle connection that the server closed costs no read", async () => {
  await using both = await pair();
  for (let round = 0; round < 5; round++) {
    assert.equal((await both.transport.send(get)).status, 200);
    both.fake.cutAll();
  }
});

Deno.test("a read that breaks on a fresh connection is not repeated", async () => {
  await using both = await pair();
  both.fake.faults.add({ times: Infinity, action: { do: "dropRequest" } });
  const error = await failure(both.transport.send(get));
  assert.equal(error.reason, "connectionBroken");
  assert.equal(error.maybeSent, true);
  assert.equal(both.fake.requests.length, 1);
});

Deno.test("a write that breaks is never repeated", async () => {
  await using both = await pair();
  both.fake.faults.add({ times: Infinity, action: { do: "loseAnswer" } });
  for (let round = 0; round < 3; round++) {
    assert.equal((await failure(both.transport.send(post))).reason, "connectionBroken");
  }
  assert.equal(both.fake.requests.length, 3);
});

Deno.test("half an answer is none", async () => {
  await using both = await pair();
  both.fake.faults.add({ times: Infinity, action: { do: "truncate" } });
  const error = await failure(both.transport.send(get));
  assert.equal(error.reason, "connectionBroken");
  assert.equal(error.maybeSent, true);
});

Deno.test("the deadline ends a call that is never answered, and its connection", async () => {
  await using both = await pair();
  both.fake.faults.add({ action: { do: "hang" } });
  const error = await failure(both.transport.send({ ...get, timeoutMs: 50 }));
  assert.equal(error.reason, "timeout");
  await eventually(() => both.fake.connections.open === 0, "the connection to close");
  assert.equal((await both.transport.send(get)).status, 200);
});

Deno.test("the deadline covers a body that trickles", async () => {
  await using server = await rawServer((response) => {
    response.writeHead(200, { "Content-Type": "application/json" });
    response.write("{");
  });
  const transport = createTransport({ url: server.url });
  const error = await failure(transport.send({ ...get, timeoutMs: 50 }));
  assert.equal(error.reason, "timeout");
  transport.close();
});

Deno.test("the caller ends a call at once", async () => {
  await using both = await pair();
  both.fake.faults.add({ action: { do: "hang" } });
  const giveUp = new AbortController();
  const sending = failure(both.transport.send({ ...get, signal: giveUp.signal }));
  await eventually(() => both.fake.requests.length === 1, "the request");
  giveUp.abort(new Error("enough"));
  const error = await sending;
  assert.equal(error.reason, "aborted");
  assert.equal((error.cause as Error).message, "enough");
  assert.equal(error.maybeSent, true);
});

Deno.test("a call that waits for a connection can be ended too", async () => {
  await using both = await pair({ maxSockets: 1 });
  both.fake.faults.add({ action: { do: "hang" } });
  const giveUp = new AbortController();
  const first = failure(both.transport.send({ ...get, signal: giveUp.signal }));
  await eventually(() => both.fake.requests.length === 1, "the request");
  const second = await failure(both.transport.send({ ...get, timeoutMs: 50 }));
  assert.equal(second.reason, "timeout");
  giveUp.abort(new Error("enough"));
  assert.equal((await first).reason, "aborted");
});

Deno.test("an answer larger than allowed is given up, not kept", async () => {
  await using both = await pair({ maxResponseBytes: 50 });
  const error = await failure(both.transport.send(get));
  assert.equal(error.reason, "tooLarge");
  assert.match(error.message, /larger than 50 bytes/);
});

Deno.test("a server that is not there was sent nothing", async () => {
  await using both = await pair();
  await both.fake.stop();
  for (const request of [get, post]) {
    const error = await failure(both.transport.send(request));
    assert.equal(error.reason, "connectionRefused");
    assert.equal(error.maybeSent, false);
  }
});

Deno.test("a host without an address was sent nothing", async () => {
  const transport = createTransport({ url: "http://coder.invalid" });
  const error = await failure(transport.send(get));
  assert.equal(error.reason, "hostUnknown");
  assert.equal(error.maybeSent, false);
  transport.close();
});

Deno.test("what is not HTTP is a broken connection", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = (async () => {
    const connection = await listener.accept();
    await connection.read(new Uint8Array(1_000));
    await connection.write(new TextEncoder().encode("SSH-2.0-OpenSSH\r\n"));
    connection.close();
  })();
  const transport = createTransport({ url: `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}` });
  const error = await failure(transport.send(get));
  assert.equal(error.reason, "connectionBroken");
  await served;
  transport.close();
  listener.close();
});

Deno.test("a closed transport sends nothing, and ends what is under way", async () => {
  await using both = await pair();
  both.fake.faults.add({ action: { do: "hang" } });
  const sending = failure(both.transport.send(get));
  await eventually(() => both.fake.requests.length === 1, "the request");
  both.transport.close();
  assert.equal((await sending).reason, "connectionBroken");
  assert.equal((await failure(both.transport.send(get))).reason, "closed");
  await eventually(() => both.fake.connections.open === 0, "the connections to close");
});

Deno.test("idle connections are closed after their time", async () => {
  await using both = await pair({ idleMs: 20 });
  await both.transport.send(get);
  await eventually(() => both.fake.connections.open === 0, "the idle connection to close");
  assert.equal((await both.transport.send(get)).status, 200);
});

Deno.test("a certificate of an unknown authority is refused, of the given one accepted", async () => {
  const authority = await createAuthority("fake-coder");
  const { certPem, keyPem } = await issueCertificate(authority, {
    commonName: "coder",
    dnsNames: ["coder.example.com"],
    ipAddresses: ["127.0.0.1"],
    usage: ["server"],
  });
  await using fake = await startFakeCoder({ tls: { cert: certPem, key: keyPem } });
  const strangers = createTransport({ url: fake.url });
  const error = await failure(strangers.send(get));
  assert.equal(error.reason, "tls");
  assert.equal(error.maybeSent, false);
  const trusting = createTransport({ url: fake.url, ca: authority.certPem });
  for (let round = 0; round < 3; round++) assert.equal((await trusting.send(get)).status, 200);
  assert.equal((await trusting.send(post)).status, 400);
  assert.equal(fake.requests.length, 4);
  strangers.close();
  trusting.close();
});

Deno.test("a certificate for another name is refused unless that name is asked for", async () => {
  const authority = await createAuthority("fake-coder");
  const { certPem, keyPem } = await issueCertificate(authority, {
    commonName: "coder",
    dnsNames: ["coder.example.com"],
    usage: ["server"],
  });
  await using fake = await startFakeCoder({ tls: { cert: certPem, key: keyPem } });
  const plain = createTransport({ url: fake.url, ca: authority.certPem });
  assert.equal((await failure(plain.send(get))).reason, "tls");
  const named = createTransport({ url: fake.url, ca: authority.certPem, tlsServerName: "coder.example.com" });
  assert.equal((await named.send(get)).status, 200);
  plain.close();
  named.close();
});

interface RawServer extends AsyncDisposable {
  url: string;
}

async function rawServer(respond: (response: http.ServerResponse) => void): Promise<RawServer> {
  const sockets = new Set<net.Socket>();
  const server = http.createServer((_request, response) => respond(response));
  server.on("connection", (socket: net.Socket) => void sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
