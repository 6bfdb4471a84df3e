import assert from "node:assert/strict";
import { modernRequest, request, toolCall } from "./http/testing.ts";
import { eventually, testVisitor, testWorld } from "./protocol/testing.ts";
import { serveMcpStdio } from "./stdio.ts";

type Json = Record<string, unknown>;

/** A server, and the other end of its pipes. */
function start(signal?: AbortSignal) {
  const test = testWorld();
  const input = new TransformStream<Uint8Array, Uint8Array>();
  const output = new TransformStream<Uint8Array, Uint8Array>();
  const heard: Json[] = [];
  const reading = (async () => {
    let rest = "";
    for await (const part of output.readable.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + part).split("\n");
      rest = lines.pop()!;
      heard.push(...lines.map((line) => JSON.parse(line) as Json));
    }
  })().catch(() => {});
  const writer = input.writable.getWriter();
  const served = serveMcpStdio(test.world, testVisitor(), {
    input: input.readable,
    output: output.writable,
    ...(signal === undefined ? {} : { signal }),
  });
  const say = (message: Json) => writer.write(new TextEncoder().encode(`${JSON.stringify(message)}\n`));
  const answer = async (id: unknown) => {
    const find = () => heard.find((message) => message["id"] === id && !("method" in message));
    await eventually(() => find() !== undefined, `the answer ${id}`);
    return find()!;
  };
  const begin = async (version = "2025-11-25") => {
    const params = {
      protocolVersion: version,
      capabilities: { elicitation: {} },
      clientInfo: { name: "c", version: "1" },
    };
    await say(request("initialize", params, "begin"));
    await answer("begin");
    await say({ jsonrpc: "2.0", method: "notifications/initialized" });
  };
  return { test, say, answer, begin, served, heard, reading, leave: () => writer.close() };
}

Deno.test("a client of the session era is served until it leaves", async () => {
  const { say, answer, begin, served, leave, test, heard } = start();
  await begin();
  await say(toolCall("get_workspace", { name: "dev" }));
  const result = (await answer(1))["result"] as Json;
  assert.deepEqual(result["structuredContent"], { name: "dev", running: true });
  await say(request("logging/setLevel", { level: "debug" }, 2));
  await answer(2);
  await say(toolCall("work", {}, { _meta: { progressToken: "p" } }, 3));
  await answer(3);
  const methods = heard.map(({ method }) => method);
  assert.ok(methods.includes("notifications/progress") && methods.includes("notifications/message"));
  await say(toolCall("wait", {}, {}, 4));
  await test.waiting(1);
  await leave();
  await served;
  assert.deepEqual(test.waits, ["AbortError"]);
});

Deno.test("a call's trace is in its request: there are no headers", async () => {
  const { say, answer, begin, served, leave, test } = start();
  await begin();
  const traceparent = `00-${"a".repeat(32)}-00f067aa0ba902b7-01`;
  await say(toolCall("get_workspace", { name: "dev" }, { _meta: { traceparent } }));
  await answer(1);
  assert.equal(test.audit.at(-1)!.trace_id, "a".repeat(32));
  await leave();
  await served;
});

Deno.test("a person is asked where the protocol knows how", async () => {
  const { say, answer, begin, served, leave, test, heard } = start();
  await begin("2025-06-18");
  await say(toolCall("set_count", { to: 6 }));
  const question = () => heard.find(({ method }) => method === "elicitation/create");
  await eventually(() => question() !== undefined, "the question");
  await say({ jsonrpc: "2.0", id: question()!["id"], result: { action: "accept", content: {} } });
  assert.deepEqual(((await answer(1))["result"] as Json)["structuredContent"], { count: 6 });
  assert.equal(test.count, 6);
  await leave();
  await served;
  const old = start();
  await old.begin("2024-11-05");
  await old.say(toolCall("set_count", { to: 6 }));
  const { content } = (await old.answer(1))["result"] as { content: { text: string }[] };
  assert.ok((JSON.parse(content[0]!.text) as { plan: Json }).plan["planToken"]);
  await old.leave();
  await old.served;
});

Deno.test("a client of the era without sessions is served, and asked by answers", async () => {
  const end = new AbortController();
  const { say, answer, served, test } = start(end.signal);
  const params = { name: "set_count", arguments: { to: 5 } };
  const can = { capabilities: { elicitation: {} } };
  await say({ ...modernRequest("server/discover", {}, can).message, id: 1 });
  assert.deepEqual(((await answer(1))["result"] as Json)["supportedVersions"], ["2026-07-28"]);
  await say({ ...modernRequest("tools/call", params, can).message, id: 2 });
  const { requestState } = (await answer(2))["result"] as Json;
  const retry = { ...params, requestState, inputResponses: { confirm: { action: "accept", content: {} } } };
  await say({ ...modernRequest("tools/call", retry, can).message, id: 3 });
  assert.deepEqual(((await answer(3))["result"] as Json)["structuredContent"], { count: 5 });
  assert.equal(test.count, 5);
  end.abort();
  await served;
});

Deno.test("a server that is to end before it begins ends", async () => {
  await start(AbortSignal.abort()).served;
});
