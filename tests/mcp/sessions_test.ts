/** Sessions of the era that has them: whose they are, how they end, and what an open stream is for. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { startEndpoint } from "./endpoint_rig.ts";
import { newSharedState } from "./fixture_world.ts";
import { beginSession, initialize, modern, open, type RawRequest, rpc, send } from "./raw.ts";

const TOKENS = { a: "ann", b: "bob" };
const ANN = { authorization: "Bearer a" };
const BOB = { authorization: "Bearer b" };
const add = rpc("tools/call", { name: "add", arguments: { a: 1 } });
const GET = { method: "GET", headers: { accept: "text/event-stream" } };

const listening = (session: Readonly<Record<string, string>>): RawRequest => ({
  ...GET,
  headers: { ...session, ...GET.headers, "content-type": undefined },
});

Deno.test("a session of somebody else is not there, whatever is asked of it", async () => {
  await using rig = await startEndpoint({ tokens: TOKENS });
  const session = await beginSession(rig.url, "2025-11-25", ANN);
  const stolen = { ...session, ...BOB };
  assert.equal((await send(rig.url, { body: add, headers: stolen })).status, 404);
  assert.equal((await send(rig.url, listening(stolen))).status, 404);
  assert.equal((await send(rig.url, { method: "DELETE", headers: stolen })).status, 404);
  const unknown = await send(rig.url, { body: add, headers: { ...ANN, "mcp-session-id": "none" } });
  const other = await send(rig.url, { body: add, headers: stolen });
  assert.equal(unknown.status, 404);
  // Nobody learns which sessions there are.
  assert.equal(unknown.text, other.text);
  const own = await send(rig.url, { body: add, headers: session });
  assert.deepEqual([own.status, own.messages[0]?.result?.["structuredContent"]], [
    200,
    { sum: 1, caller: "ann", replica: "one" },
  ]);
});

Deno.test("who is not let in gets no session, and is told how to get in", async () => {
  await using rig = await startEndpoint({ tokens: TOKENS });
  for (const headers of [{}, { authorization: "Bearer c" }, { authorization: "Basic YTpi" }]) {
    const refused = await send(rig.url, { body: initialize(), headers });
    assert.equal(refused.status, 401);
    assert.match(refused.headers.get("www-authenticate") ?? "", /^Bearer/);
    assert.equal(refused.headers.get("mcp-session-id"), null);
  }
  const call = modern("tools/call", { name: "add", arguments: { a: 1 } }, "add");
  assert.equal((await send(rig.url, call)).status, 401);
  assert.equal((await send(rig.url, { ...call, headers: { ...call.headers, ...BOB } })).status, 200);
});

Deno.test("a session id that was changed by one letter counts for nothing", async () => {
  await using rig = await startEndpoint();
  const session = await beginSession(rig.url);
  const token = session["mcp-session-id"] ?? "";
  const letters = [0, token.indexOf(".") - 1, token.indexOf(".") + 1, token.length - 3];
  for (const at of letters) {
    const changed = `${token.slice(0, at)}${token[at] === "A" ? "B" : "A"}${token.slice(at + 1)}`;
    const headers = { ...session, "mcp-session-id": changed };
    assert.equal((await send(rig.url, { body: add, headers })).status, 404, `letter ${at}`);
  }
  assert.equal((await send(rig.url, { body: add, headers: session })).status, 200);
});

Deno.test("another replica takes a session that it has never seen, and one with other keys does not", async () => {
  const shared = newSharedState();
  await using one = await startEndpoint({ shared, replica: "one" });
  await using two = await startEndpoint({ shared, replica: "two" });
  await using other = await startEndpoint({ replica: "other" });
  const session = await beginSession(one.url, "2025-06-18");
  const answer = await send(two.url, { body: add, headers: session });
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.messages[0]?.result?.["structuredContent"], {
    sum: 1,
    caller: "anybody",
    replica: "two",
  });
  assert.equal((await send(other.url, { body: add, headers: session })).status, 404);
});

Deno.test("an ended session takes no more calls, and its stream ends with it", async () => {
  await using rig = await startEndpoint();
  const session = await beginSession(rig.url);
  const stream = await open(rig.url, listening(session));
  assert.equal(stream.status, 200);
  assert.match(stream.headers.get("content-type") ?? "", /^text\/event-stream/);
  const ended = await send(rig.url, { method: "DELETE", headers: session });
  assert.ok([200, 204].includes(ended.status), `${ended.status}`);
  await stream.ended;
  assert.equal((await send(rig.url, { body: add, headers: session })).status, 404);
  const again = await send(rig.url, { method: "DELETE", headers: session });
  assert.equal(again.status, 404);
});

Deno.test("there are no more open streams than a caller may have, and room comes back", async () => {
  await using rig = await startEndpoint({
    tokens: TOKENS,
    endpoint: { streamLimits: { eachCaller: 3, all: 4 } },
  });
  const session = await beginSession(rig.url, "2025-11-25", ANN);
  const own = await Promise.all([1, 2, 3].map(() => open(rig.url, listening(session))));
  assert.deepEqual(own.map(({ status }) => status), [200, 200, 200]);
  const refused = await send(rig.url, listening(session));
  assert.ok([429, 503].includes(refused.status), `${refused.status}`);
  const others = await beginSession(rig.url, "2025-11-25", BOB);
  const last = await open(rig.url, listening(others));
  assert.equal(last.status, 200);
  const none = await send(rig.url, listening(others));
  assert.ok([429, 503].includes(none.status), `${none.status}`);
  own[0]?.close();
  await waitFor(async () => {
    const next = await open(rig.url, listening(session));
    own.push(next);
    return next.status === 200;
  }, { what: "room for one more stream", intervalMs: 20 });
  for (const stream of [...own, last]) stream.close();
});

Deno.test("every call is on record with who called, and the session's id cannot be used", async () => {
  await using rig = await startEndpoint({ tokens: TOKENS });
  const session = await beginSession(rig.url, "2025-11-25", ANN);
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  await send(rig.url, { body: add, headers: { ...session, traceparent } });
  await send(rig.url, { body: rpc("tools/call", { name: "fail" }), headers: session });
  const [good, bad] = rig.audit;
  assert.deepEqual([good?.caller, good?.tool, good?.success, good?.changed], ["ann", "add", true, false]);
  assert.equal(good?.trace_id, "0af7651916cd43dd8448eb211c80319c");
  assert.deepEqual([bad?.tool, bad?.success, bad?.error], ["fail", false, "not_found"]);
  assert.equal(good?.session_id, bad?.session_id);
  const headers = { ...session, "mcp-session-id": good?.session_id ?? "" };
  assert.equal((await send(rig.url, { body: add, headers })).status, 404);
});
