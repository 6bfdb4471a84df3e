import assert from "node:assert/strict";
import { failure } from "../../tests/fake-coder/client_rig.ts";
import { startFakeCoder, tooManyRequests } from "../../tests/fake-coder/mod.ts";
import { CoderAddressError } from "./address.ts";
import { createDeployments } from "./deployments.ts";
import { CoderNotSentError } from "./errors.ts";
import { createServiceProxyTransport } from "./service_proxy.ts";
import { createTransport } from "./transport.ts";

Deno.test("all clients of a deployment share connections, whatever their tokens", async () => {
  await using fake = await startFakeCoder();
  const deployments = createDeployments();
  for (let index = 0; index < 5; index++) {
    const { token } = fake.state.addOwner(`owner-${index}`);
    await deployments.client("ns/a", { url: fake.url }, token).users.me();
  }
  assert.equal(fake.connections.accepted, 1);
  assert.equal(deployments.size, 1);
  deployments.close();
  fake.assertClean();
});

Deno.test("all clients of a deployment share its silence, and others go on", async () => {
  await using one = await startFakeCoder();
  await using two = await startFakeCoder();
  const deployments = createDeployments({ budget: { jitter: 0 } });
  const client = (key: string, url: string) => deployments.client(key, { url });
  one.faults.add({ action: tooManyRequests(60) });
  assert.equal((await failure(client("ns/a", one.url).system.buildInfo())).kind, "rateLimited");
  assert.ok(await failure(client("ns/a", one.url).system.buildInfo()) instanceof CoderNotSentError);
  await client("ns/b", two.url).system.buildInfo();
  assert.deepEqual([one.requests.length, two.requests.length], [1, 1]);
  deployments.close();
});

Deno.test("a changed address makes new connections and closes the old ones", async () => {
  await using one = await startFakeCoder();
  await using two = await startFakeCoder();
  const deployments = createDeployments();
  const before = deployments.client("ns/a", { url: one.url });
  await before.system.buildInfo();
  const after = deployments.client("ns/a", { url: two.url });
  await after.system.buildInfo();
  assert.equal((await failure(before.system.buildInfo())).reason, "closed");
  assert.equal(deployments.size, 1);
  assert.deepEqual([one.requests.length, two.requests.length], [1, 1]);
  deployments.close();
});

Deno.test("the same address again changes nothing", async () => {
  await using fake = await startFakeCoder();
  let connected = 0;
  const deployments = createDeployments({
    connect: (_key, address) => {
      connected++;
      return createTransport(address);
    },
  });
  for (let index = 0; index < 3; index++) deployments.client("ns/a", { url: fake.url, ca: "x" });
  assert.equal(connected, 1);
  deployments.client("ns/a", { url: fake.url, ca: "y" });
  deployments.client("ns/a", { url: fake.url, ca: "y", tlsServerName: "coder" });
  assert.equal(connected, 3);
  deployments.close();
});

Deno.test("a bad address leaves the good one in place", async () => {
  await using fake = await startFakeCoder();
  const deployments = createDeployments();
  const client = deployments.client("ns/a", { url: fake.url });
  assert.throws(() => deployments.client("ns/a", { url: "ftp://x" }), CoderAddressError);
  await client.system.buildInfo();
  deployments.close();
});

Deno.test("a deployment that is gone is forgotten with its connections", async () => {
  await using fake = await startFakeCoder();
  const deployments = createDeployments();
  const client = deployments.client("ns/a", { url: fake.url });
  await client.system.buildInfo();
  deployments.forget("ns/a");
  deployments.forget("ns/unknown");
  assert.equal(deployments.size, 0);
  assert.equal((await failure(client.system.buildInfo())).reason, "closed");
});

Deno.test("a deployment can be reached through the API server instead", async () => {
  // The fake stands behind what the API server would do: strip the proxy's prefix and pass everything else on.
  await using fake = await startFakeCoder();
  const { token } = fake.state.addOwner();
  const direct = createTransport({ url: fake.url });
  const prefix = "/api/v1/namespaces/ns/services/http:coder:80/proxy";
  const paths: string[] = [];
  const deployments = createDeployments({
    connect: (key) => {
      const [namespace = "", service = ""] = key.split("/");
      return createServiceProxyTransport({
        namespace,
        service,
        port: 80,
        send: (request) => {
          paths.push(request.path);
          return direct.send({ ...request, path: request.path.slice(prefix.length) });
        },
      });
    },
  });
  const client = deployments.client("ns/coder", { url: "http://coder.ns.svc" }, token);
  assert.equal((await client.users.me()).username, "admin");
  assert.deepEqual(paths, [`${prefix}/api/v2/users/me`]);
  assert.equal(client.address, "ns/coder:80 through the API server");
  deployments.close();
  direct.close();
  fake.assertClean();
});

Deno.test("the API server's own refusals say nothing about Coder's token", async () => {
  const status = (code: number, message: string) => ({
    status: code,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", message, code }),
  });
  for (
    const [code, message] of [
      [401, "Unauthorized"],
      [403, `services "http:coder:80" is forbidden: cannot get resource "services/proxy"`],
      [404, `services "coder" not found`],
      [503, `no endpoints available for service "coder"`],
    ] as const
  ) {
    const deployments = createDeployments({
      connect: () =>
        createServiceProxyTransport({
          namespace: "ns",
          service: "coder",
          port: 80,
          send: () => Promise.resolve(status(code, message)),
        }),
    });
    const client = deployments.client("ns/coder", { url: "http://coder" }, "token");
    const error = await failure(client.users.find("admin"));
    assert.equal(error.kind, "unavailable");
    assert.ok(error.message.includes(message), error.message);
    deployments.close();
  }
});

Deno.test("five hundred deployments keep apart", async () => {
  await using fake = await startFakeCoder({ rateLimit: -1 });
  const deployments = createDeployments();
  const keys = Array.from({ length: 500 }, (_, index) => `ns/${index}`);
  await Promise.all(keys.map((key) => deployments.client(key, { url: fake.url }).system.buildInfo()));
  assert.equal(deployments.size, 500);
  assert.equal(fake.count({ route: "/api/v2/buildinfo" }), 500);
  deployments.close();
  assert.equal(deployments.size, 0);
});

Deno.test("what somebody waits for does not wait for what is looked at in the background, on the same connection", async () => {
  await using fake = await startFakeCoder();
  const deployments = createDeployments({ budget: { perMinute: 1, burst: 1, jitter: 0 } });
  const client = deployments.client("ns/a", { url: fake.url });
  await client.system.buildInfo();
  for (let index = 0; index < 20; index++) await client.prompt?.system.buildInfo();
  assert.equal(fake.requests.length, 21);
  assert.equal(fake.connections.accepted, 1);
  const refused = await failure(client.system.buildInfo({ timeoutMs: 100 }));
  assert.ok(refused instanceof CoderNotSentError, String(refused));
  fake.faults.add({ action: tooManyRequests(60) });
  assert.equal((await failure(client.prompt!.system.buildInfo())).kind, "rateLimited");
  assert.ok(await failure(client.system.buildInfo()) instanceof CoderNotSentError, "silence is for all");
  deployments.close();
});
