/** The transport of 2024, for clients that know no other. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { SSE_CLIENTS } from "./clients.ts";
import { startEndpoint } from "./endpoint_rig.ts";
import { proveInterop } from "./interop_suite.ts";
import { open, rpc, send } from "./raw.ts";

const sseOf = (url: string) => url.replace(/\/mcp$/, "/sse");

Deno.test("clients of the transport of 2024 do everything, where it is on", async (t) => {
  await using rig = await startEndpoint({ endpoint: { legacySse: true } });
  for (const kind of SSE_CLIENTS) {
    await t.step(
      kind.name,
      (t) =>
        proveInterop(t, kind, { url: sseOf(rig.url) }, { elicits: true, sticky: true, prefix: kind.name }),
    );
  }
  await waitFor(() => rig.streams === 0, { what: "the streams to be let go of", intervalMs: 10 });
});

Deno.test("the transport of 2024 is off where nobody asks for it", async () => {
  await using rig = await startEndpoint();
  const answer = await send(sseOf(rig.url), { method: "GET", headers: { accept: "text/event-stream" } });
  assert.equal(answer.status, 404);
  await assert.rejects(SSE_CLIENTS[1]!.connect({ url: sseOf(rig.url) }));
});

Deno.test("over the transport of 2024, too, foreign pages and other callers are refused", async () => {
  await using rig = await startEndpoint({ tokens: { a: "ann", b: "bob" }, endpoint: { legacySse: true } });
  const get = (headers: Record<string, string>) =>
    open(sseOf(rig.url), { method: "GET", headers: { accept: "text/event-stream", ...headers } });
  const own = { authorization: "Bearer a" };
  for (
    const [headers, status] of [
      [{}, 401],
      [{ ...own, origin: "https://evil.example" }, 403],
      [{ ...own, host: "evil.example" }, 403],
    ] as const
  ) {
    const refused = await get(headers);
    assert.equal(refused.status, status);
    await refused.ended;
  }
  const stream = await get(own);
  const path = await waitFor(() => /^data: (.+)$/m.exec(stream.text)?.[1], {
    what: "the address for messages",
    intervalMs: 5,
  });
  const url = new URL(path, rig.url).href;
  const status = async (headers: Record<string, string>) =>
    (await send(url, { body: rpc("ping"), headers })).status;
  assert.equal(await status({ authorization: "Bearer b" }), 404);
  assert.equal(await status({}), 401);
  assert.equal(await status({ ...own, "content-type": "text/plain" }), 415);
  assert.equal(await status({ ...own, origin: "https://evil.example" }), 403);
  assert.equal(await status(own), 202);
  await waitFor(() => /"result":\{\}/.test(stream.text), { what: "the answer on the stream", intervalMs: 5 });
  stream.close();
});
