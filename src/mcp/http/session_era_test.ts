import assert from "node:assert/strict";
import { eventually } from "../protocol/testing.ts";
import { type Json, request, testEndpoint, toolCall } from "./testing.ts";

const text = (answer: Json) =>
  ((answer["result"] as Json)["content"] as { readonly text: string }[])[0]!.text;

Deno.test("initialize agrees on a version, and answers a session that says who it is for", async () => {
  await using rig = await testEndpoint();
  for (const [asked, agreed] of [["2024-11-05", "2024-11-05"], ["1999-01-01", "2025-11-25"]] as const) {
    const answer = await rig.post(request("initialize", {
      protocolVersion: asked,
      capabilities: {},
      clientInfo: { name: "x".repeat(500), version: "1" },
    }));
    const result = answer.json["result"] as Json;
    assert.equal(result["protocolVersion"], agreed);
    assert.deepEqual(result["serverInfo"], rig.test.world.surface.info);
    assert.equal(result["instructions"], "Ask before you delete.");
    assert.deepEqual(result["capabilities"], {
      tools: {},
      resources: {},
      prompts: {},
      completions: {},
      logging: {},
    });
    assert.ok(answer.headers.get("mcp-session-id")!.length < 512);
  }
  const wrong = await rig.post(request("initialize", { capabilities: 7 }));
  assert.equal(wrong.headers.get("mcp-session-id"), null);
  assert.ok("error" in wrong.json);
});

Deno.test("any replica takes a session, none takes another caller's, and a key that went takes it along", async () => {
  const { testWorld } = await import("../protocol/testing.ts");
  const [old, young] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  await using first = await testEndpoint({}, testWorld([old]));
  await using second = await testEndpoint({}, testWorld([young, old]));
  await using third = await testEndpoint({}, testWorld([young]));
  const session = await first.begin();
  assert.equal((await second.post(toolCall("get_workspace"), session)).status, 200);
  assert.equal((await third.post(toolCall("get_workspace"), session)).status, 404);
  const other = await second.post(toolCall("get_workspace"), { ...session, "x-caller": "bob" });
  assert.deepEqual([other.status, (other.json["error"] as Json)["code"]], [404, -32001]);
});

Deno.test("clients are told no more than their protocol knows", async () => {
  await using rig = await testEndpoint();
  const toolsOf = async (version: string) => {
    const { json } = await rig.post(request("tools/list"), await rig.begin({ version }));
    return (json["result"] as { tools: Json[] }).tools;
  };
  const keys = (tool: Json | undefined) => Object.keys(tool ?? {});
  assert.deepEqual(keys((await toolsOf("2025-06-18"))[0]), [
    "name",
    "description",
    "inputSchema",
    "outputSchema",
    "annotations",
  ]);
  assert.deepEqual(keys((await toolsOf("2025-03-26"))[0]), [
    "name",
    "description",
    "inputSchema",
    "annotations",
  ]);
  assert.deepEqual(keys((await toolsOf("2024-11-05"))[0]), ["name", "description", "inputSchema"]);
  const old = await rig.post(toolCall("get_workspace"), await rig.begin({ version: "2025-03-26" }));
  assert.deepEqual(JSON.parse(text(old.json)), { name: "dev", running: true });
});

Deno.test("batches are answered as such, with one request as with many", async () => {
  await using rig = await testEndpoint();
  const session = await rig.begin({ version: "2025-03-26" });
  const one = await rig.post([toolCall("get_workspace", {}, {}, "a")], session);
  assert.deepEqual((one.json as unknown as Json[]).map(({ id }) => id), ["a"]);
  const two = await rig.post([
    request("ping", undefined, 1),
    { jsonrpc: "2.0", method: "notifications/initialized" },
    toolCall("set_count", { to: 0 }, {}, 2),
  ], session);
  assert.deepEqual((two.json as unknown as Json[]).map(({ id }) => id).sort(), [1, 2]);
  const silent = await rig.post([{ jsonrpc: "2.0", method: "notifications/initialized" }], session);
  assert.deepEqual([silent.status, silent.text], [202, ""]);
  const many = Array.from({ length: 51 }, (_, id) => request("ping", undefined, id));
  for (const body of [[], many, [request("ping"), request("ping")], [request("initialize", {})]]) {
    assert.equal((await rig.post(body, session)).status, 400, JSON.stringify(body).slice(0, 80));
  }
  assert.equal((await rig.post([request("ping")], await rig.begin())).status, 400);
  await using limited = await testEndpoint({ rate: 0.01, burst: 3 });
  const own = await limited.begin({ version: "2025-03-26" });
  assert.equal((await limited.post(many.slice(0, 3), own)).status, 429);
});

Deno.test("progress comes as events before the answer, and only where it is asked for", async () => {
  await using rig = await testEndpoint();
  const session = await rig.begin();
  const told = await rig.post(toolCall("work", {}, { _meta: { progressToken: "p" } }), session);
  assert.deepEqual(told.events.slice(0, -1).map(({ params }) => params), [
    { progressToken: "p", progress: 1, total: 2, message: "step 1" },
    { progressToken: "p", progress: 2, total: 2, message: "step 2" },
  ]);
  assert.equal(text(told.json), "done: true");
  assert.deepEqual((await rig.post(toolCall("work"), session)).events, []);
});

Deno.test("who wants a log is told what a call does", async () => {
  await using rig = await testEndpoint();
  const session = await rig.begin();
  await rig.post(request("logging/setLevel", { level: "info" }), session);
  const told = await rig.post(toolCall("work"), session);
  assert.deepEqual(told.events.map(({ method }) => method), [
    "notifications/message",
    "notifications/message",
    undefined,
  ]);
  assert.deepEqual(told.events[0]!["params"], { level: "info", data: "step 1", logger: "work" });
  await rig.post(request("logging/setLevel", { level: "error" }), session);
  assert.deepEqual((await rig.post(toolCall("work"), session)).events, []);
});

Deno.test("without a way to ask, a change needs its plan's token", async () => {
  await using rig = await testEndpoint();
  const session = await rig.begin({ capabilities: { elicitation: {} } });
  const planned = (await rig.post(toolCall("set_count", { to: 4 }), session)).json["result"] as Json;
  const { plan } = planned["structuredContent"] as { plan: { planToken: string } };
  assert.equal(rig.test.count, 0);
  const { planToken } = plan;
  const done = await rig.post(toolCall("set_count", { to: 4, planToken }), session);
  assert.deepEqual((done.json["result"] as Json)["structuredContent"], { count: 4 });
  const again = await rig.post(toolCall("set_count", { to: 5, planToken }), session);
  assert.equal((again.json["result"] as Json)["isError"], true);
  assert.deepEqual(rig.test.audit.map(({ changed, error }) => [changed, error]), [
    [false, undefined],
    [true, undefined],
    [false, "conflict"],
  ]);
  assert.doesNotMatch(JSON.stringify(rig.test.audit), new RegExp(planToken));
});

/** Calls, and answers the one question as `action` says. */
async function asked(action: string, answerAs?: (id: unknown) => unknown) {
  const rig = await testEndpoint({ legacyElicitation: true });
  const session = await rig.begin({ capabilities: { elicitation: {} } });
  const response = await rig.send(
    "POST",
    "/mcp",
    { ...session, "content-type": "application/json" },
    JSON.stringify(toolCall("set_count", { to: 9 })),
  );
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let shown = "";
  while (!shown.includes("\n\n")) shown += (await reader.read()).value ?? "";
  const { id, method, params } = JSON.parse(shown.slice(shown.indexOf("{"))) as Json;
  assert.equal(method, "elicitation/create");
  assert.equal((params as Json)["message"], "Set the count to 9?");
  const given = answerAs?.(id) ?? { jsonrpc: "2.0", id, result: { action, content: {} } };
  const took = await rig.post(given, session);
  const stranger = await rig.post(given, session);
  for (let part = await reader.read(); !part.done; part = await reader.read()) shown += part.value;
  const last = JSON.parse(shown.trim().split("data: ").at(-1)!) as Json;
  return { rig, took: took.status, again: stranger.status, result: last["result"] as Json };
}

Deno.test("with one replica, a person is asked while the call waits", async () => {
  const yes = await asked("accept");
  assert.deepEqual([yes.took, yes.again, yes.rig.test.count], [202, 400, 9]);
  assert.deepEqual(yes.result["structuredContent"], { count: 9 });
  await yes.rig.endpoint.close();
  for (const action of ["decline", "cancel"]) {
    const no = await asked(action);
    assert.deepEqual([no.rig.test.count, no.result["isError"]], [0, true]);
    await no.rig.endpoint.close();
  }
  const broken = await asked("", (id) => ({ jsonrpc: "2.0", id, error: { code: -1, message: "no" } }));
  assert.deepEqual([broken.rig.test.count, broken.result["isError"]], [0, true]);
  await broken.rig.endpoint.close();
});

Deno.test("a call that waits for a person ends with its client", async () => {
  await using rig = await testEndpoint({ legacyElicitation: true });
  const session = await rig.begin({ capabilities: { elicitation: { form: {} } } });
  const response = await rig.send(
    "POST",
    "/mcp",
    { ...session, "content-type": "application/json" },
    JSON.stringify(toolCall("set_count", { to: 9 })),
  );
  await response.body!.cancel();
  await eventually(() => rig.test.audit.length === 1, "the call to be on record");
  assert.deepEqual([rig.test.audit[0]!.error, rig.test.count], ["cancelled", 0]);
});

Deno.test("a call is cancelled by its id also where the SDK has it", async () => {
  await using rig = await testEndpoint();
  const session = await rig.begin();
  const call = rig.post(toolCall("wait", {}, { _meta: { progressToken: 1 } }, "c"), session);
  await rig.test.waiting(1);
  const cancel = (params?: Json) =>
    rig.post({ jsonrpc: "2.0", method: "notifications/cancelled", ...(params ? { params } : {}) }, session);
  await cancel();
  await cancel({ requestId: "other" });
  await cancel({ requestId: "c", reason: 7 });
  assert.equal((await call).status, 202);
  await eventually(() => rig.test.audit.length === 1, "the call to be on record");
  assert.equal(rig.test.audit[0]!.error, "cancelled");
});

Deno.test("resources, prompts and completions are answered, and their failures are errors", async () => {
  await using rig = await testEndpoint();
  const session = await rig.begin();
  const ask = async (method: string, params?: Json) =>
    (await rig.post(request(method, params), session)).json;
  const list = (await ask("resources/list"))["result"] as Json;
  assert.equal(list["nextCursor"], "b");
  assert.deepEqual(((await ask("resources/list", { cursor: "b" }))["result"] as Json)["resources"], []);
  const { resourceTemplates } = (await ask("resources/templates/list"))["result"] as {
    resourceTemplates: Json[];
  };
  assert.equal(resourceTemplates[0]!["name"], "thing");
  const read = (await ask("resources/read", { uri: "coder://things/a" }))["result"] as { contents: Json[] };
  assert.equal(read.contents[0]!["text"], "the thing a");
  assert.equal(((await ask("resources/read", { uri: "coder://no" }))["error"] as Json)["code"], -32602);
  const broken = (await ask("resources/read", { uri: "coder://broken" }))["error"] as Json;
  assert.equal(broken["code"], -32603);
  assert.doesNotMatch(String(broken["message"]), /a bug/);
  assert.equal((((await ask("prompts/list"))["result"] as Json)["prompts"] as Json[])[0]!["name"], "greet");
  const greet = (await ask("prompts/get", { name: "greet", arguments: { who: "Ann" } }))["result"] as Json;
  assert.deepEqual(greet["messages"], [{ role: "user", content: { type: "text", text: "Hello Ann" } }]);
  assert.equal(((await ask("prompts/get", { name: "no" }))["error"] as Json)["code"], -32602);
  const complete = async (ref: Json) =>
    ((await ask("completion/complete", { ref, argument: { name: "n", value: "v" } }))["result"] as {
      completion: { values: string[]; hasMore: boolean };
    }).completion;
  for (
    const ref of [{ type: "ref/prompt", name: "greet" }, {
      type: "ref/resource",
      uri: "coder://things/{name}",
    }]
  ) {
    const { values, hasMore } = await complete(ref);
    assert.deepEqual([values.length, values[1], hasMore], [100, "v1", true]);
  }
  const unknown = (await ask("tools/call", { name: "nothing" }))["error"] as Json;
  assert.deepEqual([unknown["code"], unknown["message"]], [-32602, "Unknown tool: nothing"]);
  assert.deepEqual(rig.test.audit.map(({ method, tool, error }) => [method, tool, error]), [
    ["resources/read", "coder://things/a", undefined],
    ["resources/read", "coder://no", "not_found"],
    ["resources/read", "coder://broken", "internal"],
    ["prompts/get", "greet", undefined],
    ["prompts/get", "no", "invalid"],
  ]);
});
