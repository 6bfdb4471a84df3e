/** What is let in over HTTP, and what is not. W-3 is the defect of the Go server that most of it is about. */
import assert from "node:assert/strict";
import { startEndpoint } from "./endpoint_rig.ts";
import { beginSession, initialize, modern, notification, type RawRequest, rpc, send } from "./raw.ts";

/** A note that is ready to be written: whoever gets the call through has changed something. */
async function readyChange(url: string) {
  const session = await beginSession(url);
  const note = { name: "set_note", arguments: { name: "n", text: "changed" } };
  const { messages } = await send(url, { body: rpc("tools/call", note), headers: session });
  const { plan } = messages[0]?.result?.["structuredContent"] as { plan: { planToken: string } };
  const change = rpc("tools/call", {
    ...note,
    arguments: { ...note.arguments, planToken: plan.planToken },
  }, 2);
  return { session, change };
}

Deno.test("W-3: the cross-site write that the Go server carries out is refused, and so is each part of it", async (t) => {
  await using rig = await startEndpoint();
  const { url, traces } = rig;
  const { session, change } = await readyChange(url);
  const batch = [initialize(), notification("notifications/initialized"), change];
  const plain = { "content-type": "text/plain", origin: "https://evil.example" };
  const attempts: Readonly<Record<string, readonly [RawRequest, number]>> = {
    "all of it: text/plain, a foreign origin, no version, a batch": [{ body: batch, headers: plain }, 403],
    "text/plain": [{ body: change, headers: { ...session, "content-type": "text/plain" } }, 415],
    "a form": [
      { body: change, headers: { ...session, "content-type": "application/x-www-form-urlencoded" } },
      415,
    ],
    "no content type": [{ body: change, headers: { ...session, "content-type": undefined } }, 415],
    "a foreign origin": [{ body: change, headers: { ...session, origin: "https://evil.example" } }, 403],
    "an origin that is no place": [{ body: change, headers: { ...session, origin: "null" } }, 403],
    "a foreign host": [{ body: change, headers: { ...session, host: "evil.example" } }, 403],
    "a host that only begins like ours": [
      { body: change, headers: { ...session, host: "localhost.evil.example" } },
      403,
    ],
    "a batch that begins a session": [{ body: batch }, 400],
    "a batch in a session that has none": [{ body: [change], headers: session }, 400],
    "no session": [{ body: change }, 400],
  };
  for (const [name, [request, status]] of Object.entries(attempts)) {
    await t.step(name, async () => {
      const answer = await send(url, request);
      assert.equal(answer.status, status, answer.text);
      assert.equal(traces.changes, 0);
    });
  }
  await t.step("the same call, sent as it should be, changes something", async () => {
    const answer = await send(url, {
      body: change,
      headers: { ...session, origin: "http://localhost:6274" },
    });
    assert.equal(answer.status, 200);
    assert.equal(traces.changes, 1);
  });
});

Deno.test("the same holds for the era without sessions", async () => {
  await using rig = await startEndpoint();
  const call = modern("tools/call", { name: "add", arguments: { a: 1 } }, "add");
  const status = async (headers: RawRequest["headers"]) =>
    (await send(rig.url, { ...call, headers: { ...call.headers, ...headers } })).status;
  assert.equal(await status({}), 200);
  assert.equal(await status({ "content-type": "text/plain" }), 415);
  assert.equal(await status({ origin: "https://evil.example" }), 403);
  assert.equal(await status({ host: "evil.example" }), 403);
  assert.equal((await send(rig.url, { ...call, body: [call.body] })).status, 400);
});

Deno.test("hosts and origins that are allowed by name are let in, and no others", async () => {
  const endpoint = { allowedHosts: ["mcp.example.com"], allowedOrigins: ["https://app.example.com"] };
  await using rig = await startEndpoint({ endpoint });
  const status = async (headers: Record<string, string>) =>
    (await send(rig.url, { body: initialize(), headers })).status;
  assert.equal(await status({ host: "mcp.example.com", origin: "https://app.example.com" }), 200);
  assert.equal(await status({ host: "mcp.example.com:8443" }), 200);
  assert.equal(await status({ host: "other.example.com" }), 403);
  assert.equal(await status({ origin: "https://app.example.com.evil.example" }), 403);
  assert.equal(await status({ origin: "http://app.example.com" }), 403);
});

Deno.test("batches are taken where the protocol of the session has them, and begin no session", async () => {
  await using rig = await startEndpoint();
  const add = (a: number) => rpc("tools/call", { name: "add", arguments: { a } }, a);
  for (const version of ["2024-11-05", "2025-03-26"]) {
    const session = await beginSession(rig.url, version);
    const { status, messages } = await send(rig.url, {
      body: [add(1), notification("notifications/cancelled", { requestId: 99 }), add(2)],
      headers: session,
    });
    assert.equal(status, 200);
    const sums = messages.map(({ id, result }) => {
      const { content } = result as { content: { text: string }[] };
      return [id, JSON.parse(content[0]?.text ?? "")["sum"]];
    });
    assert.deepEqual(sums.toSorted(), [[1, 1], [2, 2]]);
    const told = await send(rig.url, {
      body: [notification("notifications/cancelled", { requestId: 99 })],
      headers: session,
    });
    assert.equal(told.status, 202);
    for (const body of [[], [initialize(version)], [add(1), initialize(version)], [1], [[add(1)]]]) {
      assert.equal((await send(rig.url, { body, headers: session })).status, 400, JSON.stringify(body));
    }
    const many = Array.from({ length: 1_000 }, (_, index) => add(index));
    assert.equal((await send(rig.url, { body: many, headers: session })).status, 400);
  }
  for (const version of ["2025-06-18", "2025-11-25"]) {
    const session = await beginSession(rig.url, version);
    assert.equal((await send(rig.url, { body: [add(1)], headers: session })).status, 400);
  }
});

Deno.test("a body that is too large is refused, whether it says so or not", async () => {
  await using rig = await startEndpoint({ endpoint: { maxBodyBytes: 10_000 } });
  const session = await beginSession(rig.url);
  const say = (length: number) => rpc("tools/call", { name: "say", arguments: { text: "x".repeat(length) } });
  assert.equal((await send(rig.url, { body: say(9_000), headers: session })).status, 200);
  assert.equal((await send(rig.url, { body: say(10_000), headers: session })).status, 413);
  const chunked = { ...session, "transfer-encoding": "chunked" };
  assert.equal((await send(rig.url, { body: say(9_000), headers: chunked })).status, 200);
  assert.equal((await send(rig.url, { body: say(20_000), headers: chunked })).status, 413);
});

Deno.test("a caller that asks too often waits, and others do not", async () => {
  await using rig = await startEndpoint({
    tokens: { a: "ann", b: "bob" },
    // So slow that no time that passes here lets one more in.
    endpoint: { rate: 0.001, burst: 5 },
  });
  const ann = { authorization: "Bearer a" };
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => send(rig.url, { body: initialize(), headers: ann })),
  );
  const refused = answers.filter(({ status }) => status === 429);
  assert.equal(answers.filter(({ status }) => status === 200).length, 5);
  assert.equal(refused.length, 7);
  for (const { headers } of refused) assert.match(headers.get("retry-after") ?? "", /^[1-9]\d*$/);
  assert.equal(
    (await send(rig.url, { body: initialize(), headers: { authorization: "Bearer b" } })).status,
    200,
  );
});

Deno.test("what is no message, no method or no place is refused as HTTP says it", async () => {
  await using rig = await startEndpoint();
  const session = await beginSession(rig.url);
  const status = async (given: RawRequest, url = rig.url) => (await send(url, given)).status;
  assert.equal(await status({ body: "{", headers: session }), 400);
  assert.equal(await status({ body: "1", headers: session }), 400);
  assert.equal(await status({ body: { jsonrpc: "1.0", id: 1, method: "ping" }, headers: session }), 400);
  assert.equal(await status({ body: rpc("ping"), headers: { ...session, accept: "text/html" } }), 406);
  assert.equal(
    await status({ body: rpc("ping"), headers: { ...session, "mcp-protocol-version": "2023-01-01" } }),
    400,
  );
  const put = await send(rig.url, { method: "PUT", headers: session, body: rpc("ping") });
  assert.equal(put.status, 405);
  assert.deepEqual(put.headers.get("allow")?.split(", ").toSorted(), ["DELETE", "GET", "POST"]);
  assert.equal(await status({ method: "GET", headers: { accept: "text/event-stream" } }), 400);
  assert.equal(await status({ method: "GET", headers: { ...session, accept: "text/html" } }), 406);
  assert.equal(await status({ body: rpc("ping"), headers: session }, rig.url.replace(/mcp$/, "other")), 404);
  const unknown = await send(rig.url, { body: rpc("no/such"), headers: session });
  assert.equal(unknown.messages[0]?.error?.code, -32601);
});
