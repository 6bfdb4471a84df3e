import assert from "node:assert/strict";
import { KubeConnectionError } from "../errors.ts";
import { eventually, fakeConnection, json, localServer } from "../testing/local_server.ts";
import { createServiceProxySender } from "./service_proxy.ts";
import type { HttpRequest } from "./transport.ts";

const PATH = "/api/v1/namespaces/team/services/http:coder:80/proxy/api/v2/users?q=a%20b&limit=1";

const request = (changes: Partial<HttpRequest> = {}): HttpRequest => ({
  method: "GET",
  path: PATH,
  headers: { "Coder-Session-Token": "a-token", "User-Agent": "coder-k8s" },
  timeoutMs: 60_000,
  ...changes,
});

Deno.test("path, query, headers and body go on as they are, under the connection's credentials", async () => {
  await using server = await localServer((_request, response) => json(response, 201, { id: 1 }));
  const sender = createServiceProxySender(server.connection);
  const answer = await sender.send(request({ method: "POST", body: '{"name":"ü"}' }));
  assert.deepEqual([answer.status, answer.body], [201, '{"id":1}']);
  const [seen] = server.seen;
  assert.deepEqual([seen?.method, seen?.url, seen?.body], ["POST", PATH, '{"name":"ü"}']);
  assert.equal(seen?.headers["coder-session-token"], "a-token");
  assert.equal(seen?.headers["user-agent"], "coder-k8s");
  assert.equal(seen?.headers["authorization"], "Bearer test");
  sender.close();
});

Deno.test("a token for Coder cannot take the place of the credentials", async () => {
  await using server = await localServer((_request, response) => json(response, 200, {}));
  const sender = createServiceProxySender(server.connection);
  await sender.send(request({ headers: { authorization: "Bearer forged" } }));
  assert.equal(server.seen[0]?.headers["authorization"], "Bearer test");
  sender.close();
});

Deno.test("every answer comes back whole, refusals and redirects, too", async () => {
  await using server = await localServer((seen, response) => {
    const status = Number(new URL(seen.url, "http://x").searchParams.get("status"));
    response.writeHead(status, { location: "http://elsewhere/", "x-coder-build-version": "v2.30.0" });
    response.end(`answer ${status}`);
  });
  const sender = createServiceProxySender(server.connection);
  for (const status of [200, 302, 401, 403, 404, 429, 500, 503]) {
    const answer = await sender.send(request({ path: `/x?status=${status}` }));
    assert.deepEqual([answer.status, answer.body], [status, `answer ${status}`]);
    assert.equal(answer.headers["x-coder-build-version"], "v2.30.0");
  }
  assert.equal(server.seen.length, 8, "nothing is followed, nothing sent twice");
  sender.close();
});

Deno.test("calls share few connections, which end with the sender", async () => {
  await using server = await localServer((_request, response) => json(response, 200, {}));
  const sender = createServiceProxySender(server.connection);
  assert.equal(server.accepted, 0, "nothing is connected before the first call");
  for (let call = 0; call < 10; call++) await sender.send(request());
  assert.equal(server.accepted, 1);
  sender.close();
  await eventually(() => server.open === 0, "the connection to close");
  await assert.rejects(sender.send(request()), /closed/);
});

Deno.test("a deadline and a server that is not there are told apart", async () => {
  await using server = await localServer(() => {});
  const sender = createServiceProxySender(server.connection);
  const late = (error: unknown) => error instanceof KubeConnectionError && error.timedOut;
  await assert.rejects(sender.send(request({ timeoutMs: 50 })), late);
  const caller = new AbortController();
  const aborted = sender.send(request({ signal: caller.signal }));
  caller.abort();
  await assert.rejects(aborted, (error) => error instanceof KubeConnectionError && !late(error));
  sender.close();

  const nowhere = createServiceProxySender(fakeConnection(new URL("http://127.0.0.1:1")));
  await assert.rejects(
    nowhere.send(request()),
    (error) => error instanceof KubeConnectionError && !late(error),
  );
  nowhere.close();
});

Deno.test("a WebSocket has the connection's address, credentials and ways, whatever its own headers say", async () => {
  await using server = await localServer((_request, response) => json(response, 200, {}));
  const sender = createServiceProxySender(server.connection);
  const socket = await sender.socket(PATH, {
    "Coder-Session-Token": "a-token",
    authorization: "Bearer forged",
  });
  assert.equal(socket.url.href, `${server.connection.server.origin}${PATH}`);
  assert.deepEqual(socket.headers, { "Coder-Session-Token": "a-token", authorization: "Bearer test" });
  assert.deepEqual([socket.servername, socket.rejectUnauthorized, socket.createConnection], [
    undefined,
    undefined,
    undefined,
  ]);
  const other = createServiceProxySender({
    ...server.connection,
    server: new URL("https://kube.test/base"),
    skipTlsVerify: true,
    tlsServerName: "inside",
    proxy: new URL("http://proxy.test:3128"),
  });
  const far = await other.socket("/p?q", {});
  assert.equal(far.url.href, "https://kube.test/base/p?q");
  assert.deepEqual([far.servername, far.rejectUnauthorized, typeof far.createConnection], [
    "inside",
    false,
    "function",
  ]);
  sender.close();
  other.close();
});
