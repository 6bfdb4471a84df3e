import assert from "node:assert/strict";
import { eventually, testWorld } from "../protocol/testing.ts";
import { type Json, modernRequest, testEndpoint } from "./testing.ts";

const CAN_ASK = { capabilities: { elicitation: {} } } as const;

Deno.test("the server says what it is to whoever asks, without a session", async () => {
  await using rig = await testEndpoint();
  const { message, headers } = modernRequest("server/discover");
  const answer = await rig.post(message, headers);
  const result = answer.json["result"] as Json;
  assert.deepEqual(result["supportedVersions"], ["2026-07-28"]);
  assert.equal(result["instructions"], "Ask before you delete.");
  assert.equal(answer.headers.get("mcp-session-id"), null);
});

Deno.test("headers and body must say the same, and a protocol that nobody speaks is refused", async () => {
  await using rig = await testEndpoint();
  const { message, headers } = modernRequest("tools/call", { name: "get_workspace" });
  const wrong = await rig.post(message, { ...headers, "mcp-name": "other" });
  assert.deepEqual([wrong.status, (wrong.json["error"] as Json)["code"]], [400, -32020]);
  const version = "2027-01-01";
  const next = modernRequest("tools/list", {}, {
    meta: { "io.modelcontextprotocol/protocolVersion": version },
  });
  const refused = await rig.post(next.message, { ...next.headers, "mcp-protocol-version": version });
  assert.equal(refused.status, 400);
  const { "mcp-method": _, ...without } = modernRequest("tools/list").headers;
  assert.equal((await rig.post({ jsonrpc: "2.0", id: 1, method: "tools/list" }, without)).status, 400);
});

Deno.test("progress upgrades the answer to a stream", async () => {
  await using rig = await testEndpoint();
  const { message, headers } = modernRequest("tools/call", { name: "work" }, { meta: { progressToken: 3 } });
  const { events, json } = await rig.post(message, headers);
  assert.equal(events.length, 3);
  assert.equal((json["result"] as Json)["resultType"], "complete");
  const logged = modernRequest("tools/call", { name: "work" }, {
    meta: { "io.modelcontextprotocol/logLevel": "info" },
  });
  const { events: logs } = await rig.post(logged.message, logged.headers);
  assert.deepEqual(logs.map(({ method }) => method), [
    "notifications/message",
    "notifications/message",
    undefined,
  ]);
});

/** Plans, and calls again with the answer to the question. */
async function answerQuestion(
  rig: Awaited<ReturnType<typeof testEndpoint>>,
  action: string,
  change: Json = {},
) {
  const params = { name: "set_count", arguments: { to: 3 } };
  const first = modernRequest("tools/call", params, CAN_ASK);
  const question = (await rig.post(first.message, first.headers)).json["result"] as Json;
  assert.equal(question["resultType"], "input_required");
  const retry = modernRequest("tools/call", {
    ...params,
    inputResponses: { confirm: { action, content: {} } },
    requestState: question["requestState"],
    ...change,
  }, CAN_ASK);
  return { question, answer: await rig.post(retry.message, retry.headers) };
}

Deno.test("a change is asked about in its answer, and done when the person agrees", async () => {
  await using rig = await testEndpoint();
  const { question, answer } = await answerQuestion(rig, "accept");
  const { confirm } = question["inputRequests"] as { confirm: { params: Json } };
  assert.equal(confirm.params["message"], "Set the count to 3?");
  assert.deepEqual((answer.json["result"] as Json)["structuredContent"], { count: 3 });
  assert.equal(rig.test.count, 3);
  assert.deepEqual(rig.test.audit.map(({ changed, success }) => [changed, success]), [[false, true], [
    true,
    true,
  ]]);
});

Deno.test("a person who does not agree is listened to", async () => {
  await using rig = await testEndpoint();
  for (const action of ["decline", "cancel"]) {
    const { answer } = await answerQuestion(rig, action);
    assert.equal((answer.json["result"] as Json)["isError"], true);
  }
  assert.equal(rig.test.count, 0);
});

Deno.test("an answer counts for its own question, for minutes, and for nobody else", async () => {
  const test = testWorld();
  let now = Date.parse("2026-01-01T00:00:00Z");
  await using rig = await testEndpoint({ now: () => now }, test);
  const other = await answerQuestion(rig, "accept", { arguments: { to: 8 } });
  assert.equal((other.answer.json["result"] as Json)["resultType"], "input_required");
  const forged = await answerQuestion(rig, "accept", { requestState: "e30.AAAA" });
  assert.equal((forged.answer.json["error"] as Json)["code"], -32602);
  const unanswered = await answerQuestion(rig, "accept", { inputResponses: {} });
  assert.equal((unanswered.answer.json["result"] as Json)["resultType"], "input_required");
  const state = unanswered.question["requestState"];
  now += 301_000;
  const late = await answerQuestion(rig, "accept", { requestState: state });
  assert.equal((late.answer.json["result"] as Json)["resultType"], "input_required");
  const mine = await answerQuestion(rig, "decline");
  const stolen = modernRequest("tools/call", {
    name: "set_count",
    arguments: { to: 3 },
    inputResponses: { confirm: { action: "accept" } },
    requestState: mine.question["requestState"],
  }, CAN_ASK);
  const answer = await rig.post(stolen.message, { ...stolen.headers, "x-caller": "bob" });
  assert.equal((answer.json["result"] as Json)["resultType"], "input_required");
  assert.equal(test.count, 0);
});

Deno.test("who can ask nobody gets a plan's token", async () => {
  await using rig = await testEndpoint();
  for (const capabilities of [{}, { elicitation: { url: {} } }]) {
    const { message, headers } = modernRequest("tools/call", { name: "set_count", arguments: { to: 3 } }, {
      capabilities,
    });
    const result = (await rig.post(message, headers)).json["result"] as Json;
    assert.ok((result["structuredContent"] as { plan: Json }).plan["planToken"]);
  }
});

Deno.test("a call ends with its client", async () => {
  await using rig = await testEndpoint();
  const abort = new AbortController();
  const { message, headers } = modernRequest("tools/call", { name: "wait" }, { meta: { progressToken: 1 } });
  const left = fetch(`${rig.url}/mcp`, {
    method: "POST",
    headers: { accept: "*/*", "content-type": "application/json", ...headers },
    body: JSON.stringify(message),
    signal: abort.signal,
  }).catch(() => "left");
  await rig.test.waiting(1);
  abort.abort();
  assert.equal(await left, "left");
  await eventually(() => rig.test.audit[0]?.error === "cancelled", "the call to be on record");
});

Deno.test("a subscription ends at once where nothing changes, and otherwise with either side", async () => {
  await using still = await testEndpoint();
  const none = modernRequest("subscriptions/listen", { notifications: { toolsListChanged: true } });
  const answer = await still.post(none.message, none.headers);
  assert.equal((answer.json["result"] as Json)["resultType"], "complete");
  await using rig = await testEndpoint({
    extend: (server) => server.registerCapabilities({ tools: { listChanged: true } }),
  });
  const listen = modernRequest("subscriptions/listen", { notifications: { toolsListChanged: true } });
  const stream = await rig.send(
    "POST",
    "/mcp",
    { ...listen.headers, "content-type": "application/json" },
    JSON.stringify(listen.message),
  );
  assert.equal(stream.headers.get("content-type"), "text/event-stream");
  await eventually(() => rig.endpoint.streams === 1, "the stream");
  await stream.body!.cancel();
  await eventually(() => rig.endpoint.streams === 0, "its end");
  const second = rig.post(listen.message, listen.headers);
  await eventually(() => rig.endpoint.streams === 1, "another stream");
  await rig.endpoint.drain();
  assert.equal(((await second).json["result"] as Json)["resultType"], "complete");
});

Deno.test("a client that reads slowly gets everything, and the server waits for it", async () => {
  const message = "x".repeat(64 * 1024);
  await using rig = await testEndpoint({
    extend(server) {
      server.setRequestHandler("tools/call", async (_, { mcpReq }) => {
        for (let progress = 1; progress <= 100; progress++) {
          const params = { progressToken: 1, progress, message };
          await mcpReq.notify({ method: "notifications/progress", params });
        }
        return { content: [] };
      });
    },
  });
  const { message: call, headers } = modernRequest("tools/call", { name: "work" }, {
    meta: { progressToken: 1 },
  });
  const answer = await rig.send(
    "POST",
    "/mcp",
    { ...headers, "content-type": "application/json" },
    JSON.stringify(call),
  );
  let size = 0;
  for await (const part of answer.body!) {
    size += part.byteLength;
    if (size < 1_000_000) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.ok(size > 100 * 64 * 1024);
  const left = await rig.send(
    "POST",
    "/mcp",
    { ...headers, "content-type": "application/json" },
    JSON.stringify(call),
  );
  await left.body!.cancel();
  assert.equal(await rig.send("GET", "/healthz").then((health) => health.text()), "ok");
});
