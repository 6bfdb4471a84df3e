import assert from "node:assert/strict";
import { eventually } from "../protocol/testing.ts";
import { eventsOf, type Json, request, type TestEndpoint, testEndpoint, toolCall } from "./testing.ts";

/** A client of 2024: one stream, and messages beside it. */
async function connect(rig: TestEndpoint, version = "2024-11-05", capabilities: Json = {}) {
  const stream = await rig.send("GET", "/sse", { accept: "text/event-stream" });
  assert.equal(stream.status, 200);
  let shown = "";
  const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
  const reading = (async () => {
    for (let part = await reader.read(); !part.done; part = await reader.read()) shown += part.value;
  })().catch(() => {});
  await eventually(() => shown.includes("\n\n"), "the endpoint event");
  const path = /event: endpoint\ndata: (\/messages\?sessionId=[\w-]+)\n/.exec(shown)![1]!;
  const say = async (message: unknown, headers: Record<string, string> = {}) => {
    const body = typeof message === "string" ? message : JSON.stringify(message);
    const answer = await rig.send("POST", path, { "content-type": "application/json", ...headers }, body);
    await answer.body?.cancel();
    return answer.status;
  };
  const heard = async (id: unknown) => {
    const find = () => eventsOf(shown).find((event) => event["id"] === id && !("method" in event));
    await eventually(() => find() !== undefined, `the answer ${id}`);
    return find()!;
  };
  const params = { protocolVersion: version, capabilities, clientInfo: { name: "old", version: "1" } };
  assert.equal(await say(request("initialize", params, 0)), 202);
  assert.equal(((await heard(0))["result"] as Json)["protocolVersion"], version);
  assert.equal(await say({ jsonrpc: "2.0", method: "notifications/initialized" }), 202);
  return { say, heard, reading, path, events: () => eventsOf(shown), leave: () => reader.cancel() };
}

Deno.test("the transport of 2024 answers over its stream", async () => {
  await using rig = await testEndpoint({ legacySse: true });
  const client = await connect(rig);
  await client.say(toolCall("get_workspace", { name: "dev" }, {}, 1));
  const { content } = (await client.heard(1))["result"] as { content: { text: string }[] };
  assert.deepEqual(JSON.parse(content[0]!.text), { name: "dev", running: true });
  assert.match(rig.test.audit[0]!.session_id!, /^[0-9a-f]{16}$/);
  await client.say(request("logging/setLevel", { level: "info" }, 2));
  await client.heard(2);
  await client.say(toolCall("work", {}, { _meta: { progressToken: 1 } }, 3));
  await client.heard(3);
  const methods = client.events().map(({ method }) => method);
  assert.ok(methods.includes("notifications/progress") && methods.includes("notifications/message"));
  await client.leave();
  await eventually(() => rig.endpoint.streams === 0, "the stream to end");
  assert.equal(await client.say(request("ping")), 404);
});

Deno.test("what is not a message of that stream's caller is refused", async () => {
  await using rig = await testEndpoint({ legacySse: true, maxBodyBytes: 500, streamLimits: { all: 1 } });
  const client = await connect(rig);
  const ping = request("ping");
  assert.equal(await client.say(ping, { "x-caller": "bob" }), 404);
  assert.equal(await client.say(ping, { "content-type": "text/plain" }), 415);
  assert.equal(await client.say("{"), 400);
  assert.equal(await client.say([ping]), 400);
  assert.equal(await client.say("x".repeat(501)), 413);
  for (
    const [method, path, status] of [["POST", "/sse", 405], ["GET", "/messages", 405], [
      "GET",
      "/sse",
      503,
    ]] as const
  ) {
    const answer = await rig.send(method, path);
    await answer.body?.cancel();
    assert.equal(answer.status, status, path);
  }
  const json = await rig.send("GET", "/sse", { accept: "application/json" });
  await json.body?.cancel();
  assert.equal(json.status, 406);
  await client.leave();
});

Deno.test("a call over the stream is cancelled by its client, or ends with the stream", async () => {
  await using rig = await testEndpoint({ legacySse: true });
  const client = await connect(rig);
  await client.say(toolCall("wait", {}, {}, 1));
  await rig.test.waiting(1);
  await client.say({
    jsonrpc: "2.0",
    method: "notifications/cancelled",
    params: { requestId: 1, reason: "no" },
  });
  await eventually(() => rig.test.waits.length === 1, "the first call to end");
  await client.say(toolCall("wait", {}, {}, 2));
  await rig.test.waiting(2);
  await client.leave();
  await eventually(() => rig.test.waits.length === 2, "the second call to end");
});

Deno.test("a person is asked over the stream where the client can", async () => {
  await using rig = await testEndpoint({ legacySse: true });
  const client = await connect(rig, "2025-06-18", { elicitation: {} });
  await client.say(toolCall("set_count", { to: 2 }, {}, 1));
  const question = () => client.events().find(({ method }) => method === "elicitation/create");
  await eventually(() => question() !== undefined, "the question");
  await client.say({ jsonrpc: "2.0", id: question()!["id"], result: { action: "accept" } });
  assert.deepEqual(((await client.heard(1))["result"] as Json)["structuredContent"], { count: 2 });
  await client.leave();
});
