/** Clients that leave in the middle: their calls end, and nothing of them stays. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { LATEST } from "./clients.ts";
import { startEndpoint } from "./endpoint_rig.ts";
import { beginSession, modern, open, type RawRequest, rpc, send } from "./raw.ts";
import { startTcpProxy } from "./tcp_proxy.ts";

const hang = (id: number, progressToken?: number) =>
  rpc("tools/call", {
    name: "hang",
    arguments: {},
    ...(progressToken === undefined ? {} : { _meta: { progressToken } }),
  }, id);

Deno.test("every call of a connection that breaks ends at the server, whichever way it came", async () => {
  await using rig = await startEndpoint();
  await using proxy = startTcpProxy(rig.port);
  const url = `http://127.0.0.1:${proxy.port}/mcp`;
  const session = await beginSession(url);
  const old = await beginSession(url, "2025-03-26");
  const requests: RawRequest[] = [
    { body: hang(1), headers: session },
    { body: hang(2, 2), headers: session },
    { body: [hang(1), hang(2)], headers: old },
    modern("tools/call", { name: "hang", arguments: {} }, "hang"),
  ];
  const pending = requests.map((request) => open(url, request).then((answer) => answer.ended, () => {}));
  await waitFor(() => rig.traces.hanging === 5, { what: "five calls in hand", intervalMs: 5 });
  proxy.drop();
  await Promise.all(pending);
  await waitFor(() => rig.traces.ended === 5, { what: "all of them to end", intervalMs: 5 });
});

Deno.test("a cancelled call of a batch ends, and the others are answered", async () => {
  await using rig = await startEndpoint();
  const session = await beginSession(rig.url, "2025-03-26");
  const add = rpc("tools/call", { name: "add", arguments: { a: 1 } }, 8);
  const pending = send(rig.url, { body: [hang(7), add], headers: session });
  await waitFor(() => rig.traces.hanging === 1, { what: "a call in hand", intervalMs: 5 });
  const cancel = {
    jsonrpc: "2.0",
    method: "notifications/cancelled",
    params: { requestId: 7, reason: "enough" },
  };
  assert.equal((await send(rig.url, { body: cancel, headers: session })).status, 202);
  const { status, messages } = await pending;
  assert.equal(status, 200);
  assert.deepEqual(messages.map(({ id }) => id), [8]);
  await waitFor(() => rig.traces.ended === 1, { what: "the call to end", intervalMs: 5 });
});

Deno.test("nobody cancels the call of another caller, or of another session", async () => {
  await using rig = await startEndpoint({ tokens: { a: "ann", b: "bob" } });
  const ann = await beginSession(rig.url, "2025-11-25", { authorization: "Bearer a" });
  const other = await beginSession(rig.url, "2025-11-25", { authorization: "Bearer a" });
  const bob = await beginSession(rig.url, "2025-11-25", { authorization: "Bearer b" });
  const pending = send(rig.url, { body: hang(7), headers: ann });
  await waitFor(() => rig.traces.hanging === 1, { what: "a call in hand", intervalMs: 5 });
  const cancel = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 7 } };
  for (const headers of [other, bob]) {
    assert.equal((await send(rig.url, { body: cancel, headers })).status, 202);
  }
  const add = rpc("tools/call", { name: "add", arguments: { a: 1 } }, 8);
  assert.equal((await send(rig.url, { body: add, headers: ann })).status, 200);
  assert.equal(rig.traces.ended, 0);
  assert.equal((await send(rig.url, { body: cancel, headers: ann })).status, 202);
  assert.deepEqual((await pending).messages, []);
  await waitFor(() => rig.traces.ended === 1, { what: "the call to end", intervalMs: 5 });
});

Deno.test("hundreds of clients that leave at any moment leave nothing behind", async () => {
  await using rig = await startEndpoint();
  const sessions = await Promise.all(Array.from({ length: 10 }, () => beginSession(rig.url)));
  const kinds = (turn: number): RawRequest => {
    const session = sessions[turn % sessions.length] ?? {};
    const listen = { ...session, accept: "text/event-stream", "content-type": undefined };
    return [
      { body: hang(turn), headers: session },
      { body: hang(turn, turn), headers: session },
      { method: "GET", headers: listen },
      modern("tools/call", { name: "hang", arguments: {} }, "hang"),
      modern("subscriptions/listen", { notifications: { toolsListChanged: true } }),
      { body: rpc("tools/list", {}, turn), headers: session },
    ][turn % 6]!;
  };
  let turn = 0;
  const oneRound = () =>
    Promise.all(Array.from({ length: 60 }, async () => {
      const signal = AbortSignal.timeout(1 + Math.floor(Math.random() * 100));
      await open(rig.url, { ...kinds(turn++), signal }).then((answer) => answer.ended, () => {});
    }));
  await waitFor(async () => (await oneRound(), rig.traces.hanging >= 100), {
    what: "a hundred calls that were left",
    intervalMs: 0,
  });
  await waitFor(() => rig.streams === 0 && rig.traces.ended === rig.traces.hanging, {
    what: "all calls and streams to end",
    intervalMs: 10,
  });
  await using client = await LATEST.connect({ url: rig.url });
  assert.equal((await client.call("add", { a: 1 })).structured?.["sum"], 1);
  const began = performance.now();
  await rig.stop();
  assert.ok(performance.now() - began < 10_000, "something was still in hand");
});
