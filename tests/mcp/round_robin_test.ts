/** The HTTP proxy of the tests gives requests to servers in turn. */
import assert from "node:assert/strict";
import { startRoundRobin } from "./round_robin.ts";

function named(name: string) {
  const ended = new AbortController();
  const listen = { hostname: "127.0.0.1", port: 0, signal: ended.signal, onListen() {} };
  const server = Deno.serve(listen, async (request) =>
    Response.json({
      name,
      method: request.method,
      session: request.headers.get("mcp-session-id"),
      body: await request.text(),
    }, { status: request.method === "DELETE" ? 404 : 200, headers: { "x-of": name } }));
  return {
    url: `http://127.0.0.1:${server.addr.port}/mcp`,
    async [Symbol.asyncDispose]() {
      ended.abort();
      await server.finished;
    },
  };
}

Deno.test("requests go to one server after the other, whole", async () => {
  await using one = named("one");
  await using two = named("two");
  await using proxy = await startRoundRobin([one.url, two.url]);
  const headers = { "mcp-session-id": "s" };
  const first = await fetch(proxy.url, { method: "POST", body: "a", headers });
  assert.deepEqual(await first.json(), { name: "one", method: "POST", session: "s", body: "a" });
  const second = await fetch(proxy.url, { method: "DELETE" });
  assert.equal(second.status, 404);
  assert.equal(second.headers.get("x-of"), "two");
  assert.deepEqual(await second.json(), { name: "two", method: "DELETE", session: null, body: "" });
  assert.deepEqual(proxy.shares, [1, 1]);
});

Deno.test("who gets a request can be chosen, and a server that is gone is a 502", async () => {
  await using one = named("one");
  await using proxy = await startRoundRobin([one.url, "http://127.0.0.1:1/mcp"], {
    choose: (_, path) => path.endsWith("?gone") ? 1 : 0,
  });
  assert.equal((await (await fetch(proxy.url)).json()).name, "one");
  const gone = await fetch(`${proxy.url}?gone`);
  assert.equal(gone.status, 502);
  await gone.body?.cancel();
  assert.deepEqual(proxy.shares, [1, 1]);
});
