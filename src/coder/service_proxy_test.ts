import assert from "node:assert/strict";
import { CoderAddressError } from "./address.ts";
import { createServiceProxyTransport, serviceProxyPath } from "./service_proxy.ts";
import type { TransportRequest } from "./transport.ts";
import { TransportFailure } from "./transport_failure.ts";
import type { SocketRequest } from "./web_socket.ts";

const service = { namespace: "team-a", service: "coder", port: 80 };
const answer = { status: 200, headers: {}, body: "{}" };
const request: TransportRequest = {
  method: "GET",
  path: "/api/v2/users?limit=1",
  headers: { "Coder-Session-Token": "t" },
  timeoutMs: 1_000,
};

Deno.test("requests go to the Service's proxy path, with all else as it was", async () => {
  const seen: TransportRequest[] = [];
  const transport = createServiceProxyTransport({
    ...service,
    send: (sent) => {
      seen.push(sent);
      return Promise.resolve(answer);
    },
  });
  assert.deepEqual(await transport.send(request), answer);
  assert.deepEqual(seen, [{
    ...request,
    path: "/api/v1/namespaces/team-a/services/http:coder:80/proxy/api/v2/users?limit=1",
  }]);
});

Deno.test("the scheme and named ports are part of the path", () => {
  assert.equal(
    serviceProxyPath({ ...service, port: "https", scheme: "https" }),
    "/api/v1/namespaces/team-a/services/https:coder:https/proxy",
  );
});

Deno.test("names that could change the path are refused", () => {
  for (const odd of ["", "..", "a/b", "A", "a:b", "-a", "a?b"]) {
    assert.throws(() => serviceProxyPath({ ...service, service: odd }), CoderAddressError, odd);
    assert.throws(() => serviceProxyPath({ ...service, namespace: odd }), CoderAddressError, odd);
    assert.throws(() => serviceProxyPath({ ...service, port: odd }), CoderAddressError, odd);
  }
});

Deno.test("the address says which way it goes", () => {
  const transport = createServiceProxyTransport({ ...service, send: () => Promise.resolve(answer) });
  assert.equal(transport.address, "team-a/coder:80 through the API server");
});

Deno.test("an API server that cannot be reached is a failure to reach Coder", async () => {
  const transport = createServiceProxyTransport({
    ...service,
    send: () => Promise.reject(Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" })),
  });
  await assert.rejects(
    transport.send(request),
    (error: unknown) => error instanceof TransportFailure && error.reason === "connectionRefused",
  );
});

Deno.test("a call that its caller ended is told as such", async () => {
  const transport = createServiceProxyTransport({
    ...service,
    send: () => Promise.reject(new Error("gone")),
  });
  await assert.rejects(
    transport.send({ ...request, signal: AbortSignal.abort() }),
    (error: unknown) => error instanceof TransportFailure && error.reason === "aborted",
  );
});

Deno.test("a closed one sends nothing", async () => {
  let sent = 0;
  const transport = createServiceProxyTransport({
    ...service,
    send: () => {
      sent++;
      return Promise.resolve(answer);
    },
  });
  transport.close();
  await assert.rejects(transport.send(request), /closed/);
  assert.equal(sent, 0);
});

Deno.test("WebSockets go the same way, and are not there where the API server's side has none", async () => {
  const seen: SocketRequest[] = [];
  const refused = { refused: answer };
  const transport = createServiceProxyTransport({
    ...service,
    send: () => Promise.resolve(answer),
    connect: (sent) => {
      seen.push(sent);
      return Promise.resolve(refused);
    },
  });
  const socket: SocketRequest = { path: "/api/v2/x/pty?command=a", headers: { a: "b" }, timeoutMs: 1_000 };
  assert.equal(await transport.connect?.(socket), refused);
  assert.deepEqual(seen, [{
    ...socket,
    path: "/api/v1/namespaces/team-a/services/http:coder:80/proxy/api/v2/x/pty?command=a",
  }]);
  transport.close();
  await assert.rejects(transport.connect!(socket), /closed/);
  const without = createServiceProxyTransport({ ...service, send: () => Promise.resolve(answer) });
  assert.equal(without.connect, undefined);
});
