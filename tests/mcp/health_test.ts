/** What probes are told, and that no call lasts for ever: W-1 as far as it is the transport's. */
import assert from "node:assert/strict";
import { FakeClock } from "../../src/telemetry/testing/fake_clock.ts";
import { waitFor } from "../cluster/mod.ts";
import { startEndpoint } from "./endpoint_rig.ts";
import { beginSession, modern, open, rpc, send } from "./raw.ts";

const hang = rpc("tools/call", { name: "hang" });
const at = (url: string, path: string) => url.replace(/\/mcp$/, path);

Deno.test("W-1: a tool that never ends is answered at its deadline in both eras, and readiness does not mind", async () => {
  await using rig = await startEndpoint({ endpoint: { deadlineMs: 1_000 } });
  const session = await beginSession(rig.url);
  const call = modern("tools/call", { name: "hang", arguments: {} }, "hang");
  const pending = [
    send(rig.url, { body: hang, headers: session }),
    send(rig.url, {
      body: rpc("tools/call", { name: "hang", _meta: { progressToken: 1 } }),
      headers: session,
    }),
    send(rig.url, call),
  ];
  await waitFor(() => rig.traces.hanging === 3, { what: "three calls in hand", intervalMs: 5 });
  assert.equal((await send(at(rig.url, "/readyz"), { method: "GET" })).status, 200);
  for (const { status, messages } of await Promise.all(pending)) {
    assert.equal(status, 200);
    const result = messages.at(-1)?.result as { isError: boolean; content: { text: string }[] };
    assert.equal(result.isError, true);
    assert.match(result.content[0]?.text ?? "", /took longer than 1 s/);
  }
  await waitFor(() => rig.traces.ended === 3, { what: "the tools to be told", intervalMs: 5 });
});

Deno.test("readiness says what the process says, and that it is ending", async () => {
  let ready = true;
  await using rig = await startEndpoint({
    endpoint: { ready: () => ({ ready, text: ready ? "all is there" : "the cache is empty" }) },
  });
  const probe = (path: string) =>
    send(at(rig.url, path), { method: "GET", headers: { host: "10.1.2.3:8090" } });
  assert.deepEqual([(await probe("/readyz")).status, (await probe("/readyz")).text], [200, "all is there"]);
  ready = false;
  assert.deepEqual([(await probe("/readyz")).status, (await probe("/readyz")).text], [
    503,
    "the cache is empty",
  ]);
  assert.equal((await probe("/healthz")).status, 200);
  const session = await beginSession(rig.url);
  const call = await openCall(rig.url, session);
  await waitFor(() => rig.traces.hanging === 1, { what: "a call in hand", intervalMs: 5 });
  const stopped = rig.stop(300);
  // Nobody is let in any more, while what is in hand may end.
  await assert.rejects(probe("/readyz"), /ECONNREFUSED|refused/);
  await stopped;
  call.close();
});

const openCall = (url: string, session: Readonly<Record<string, string>>) =>
  open(url, { body: rpc("tools/call", { name: "hang", _meta: { progressToken: 1 } }), headers: session });

Deno.test("a session that is idle loses its streams, and goes on when it calls again", async () => {
  const clock = new FakeClock();
  await using rig = await startEndpoint({ endpoint: { sessionIdleMs: 60_000, clock } });
  const session = await beginSession(rig.url);
  const listen = { ...session, accept: "text/event-stream", "content-type": undefined };
  const stream = await open(rig.url, { method: "GET", headers: listen });
  await clock.advance(50_000);
  assert.equal(rig.streams, 1);
  await clock.advance(20_000);
  await stream.ended;
  await waitFor(() => rig.streams === 0, { what: "the stream to be let go of", intervalMs: 5 });
  const answer = await send(rig.url, {
    body: rpc("tools/call", { name: "add", arguments: { a: 1 } }),
    headers: session,
  });
  assert.equal(answer.status, 200);
});

Deno.test("an open stream is told now and then that the server is there", async () => {
  await using rig = await startEndpoint({ endpoint: { keepAliveMs: 20 } });
  const session = await beginSession(rig.url);
  const listen = { ...session, accept: "text/event-stream", "content-type": undefined };
  const stream = await open(rig.url, { method: "GET", headers: listen });
  await waitFor(() => (stream.text.match(/^: /gm) ?? []).length >= 2, {
    what: "two comments",
    intervalMs: 5,
  });
  stream.close();
  await waitFor(() => rig.streams === 0, { what: "the stream to be let go of", intervalMs: 5 });
});
