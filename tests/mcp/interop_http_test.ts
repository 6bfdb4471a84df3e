/** The official clients over HTTP: to one server, through a port-forward, and to replicas without affinity. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { CLIENT_1, CLIENTS, LATEST } from "./clients.ts";
import { startEndpoint } from "./endpoint_rig.ts";
import { newSharedState } from "./fixture_world.ts";
import { dataOf, proveInterop } from "./interop_suite.ts";
import { startRoundRobin } from "./round_robin.ts";
import { startTcpProxy } from "./tcp_proxy.ts";

const token = "a";
const tokens = { [token]: "ann" };

Deno.test("every client does everything with one server", async (t) => {
  await using rig = await startEndpoint({ tokens, endpoint: { legacyElicitation: true } });
  for (const kind of CLIENTS) {
    await t.step(
      kind.name,
      (t) =>
        proveInterop(t, kind, { url: rig.url, token }, { elicits: true, sticky: true, prefix: kind.name }),
    );
  }
});

Deno.test("every client does everything through a port-forward", async (t) => {
  await using rig = await startEndpoint({ tokens });
  await using proxy = startTcpProxy(rig.port);
  const route = { url: `http://localhost:${proxy.port}/mcp`, token };
  for (const kind of CLIENTS) {
    const elicits = kind.protocol >= "2026";
    await t.step(
      kind.name,
      (t) => proveInterop(t, kind, route, { elicits, sticky: true, prefix: kind.name }),
    );
  }
  assert.ok(proxy.accepted > 0);
});

Deno.test("every client does everything with two replicas, each request at the other one", async (t) => {
  const shared = newSharedState();
  await using one = await startEndpoint({ tokens, shared, replica: "one" });
  await using two = await startEndpoint({ tokens, shared, replica: "two" });
  await using proxy = await startRoundRobin([one.url, two.url]);
  for (const kind of CLIENTS) {
    const elicits = kind.protocol >= "2026";
    await t.step(
      kind.name,
      (t) => proveInterop(t, kind, { url: proxy.url, token }, { elicits, sticky: false, prefix: kind.name }),
    );
  }
  const [first = 0, second = 0] = proxy.shares;
  assert.ok(Math.abs(first - second) <= 1 && first > 100, `${first} and ${second} requests`);
});

Deno.test("a connection that goes on after a port-forward has dropped everything", async (t) => {
  await using rig = await startEndpoint({ tokens });
  await using proxy = startTcpProxy(rig.port);
  for (const kind of [CLIENT_1, LATEST]) {
    await t.step(kind.name, async () => {
      await using client = await kind.connect({ url: `http://127.0.0.1:${proxy.port}/mcp`, token });
      const before = client.sessionId;
      for (let turn = 0; turn < 3; turn++) {
        assert.equal(dataOf(await client.call("add", { a: turn, b: 1 }), kind)["sum"], turn + 1);
        const { hanging, ended } = rig.traces;
        // The client's runtime sends it again by itself.
        client.call("hang").catch(() => {});
        await waitFor(() => rig.traces.hanging > hanging, { what: "a call in hand", intervalMs: 5 });
        proxy.drop();
        await waitFor(() => rig.traces.ended > ended, { what: "its end", intervalMs: 5 });
        assert.ok((await client.tools()).length > 0);
      }
      assert.equal(client.sessionId, before);
    });
  }
});

Deno.test("a client that ends its session begins another, and the server that is asked who it is says so", async () => {
  await using rig = await startEndpoint({ tokens });
  const route = { url: rig.url, token };
  await using old = await CLIENT_1.connect(route);
  assert.ok(old.sessionId);
  await old.endSession();
  await assert.rejects(old.call("add", { a: 1 }));
  await using next = await CLIENT_1.connect(route);
  assert.equal(dataOf(await next.call("add", { a: 1 }), CLIENT_1)["sum"], 1);
  await using latest = await LATEST.connect(route);
  assert.equal(latest.sessionId, undefined);
  assert.deepEqual([latest.server.name, latest.protocol], ["fixtures", "2026-07-28"]);
});
