import assert from "node:assert/strict";
import { eventually, testVisitor } from "../protocol/testing.ts";
import { quickCallOf } from "./quick_lane.ts";
import { type Json, modernRequest, testEndpoint, toolCall } from "./testing.ts";

const CASES: readonly (readonly [string, string, Json?])[] = [
  ["an answer", "get_workspace", { name: "dev", namespace: "lab" }],
  ["no arguments", "get_workspace"],
  ["a warning", "get_workspace", { name: "warned" }],
  ["a failure", "get_workspace", { name: "missing" }],
  ["wrong arguments", "get_workspace", { name: 7 }],
  ["a field too many", "get_workspace", { other: 1 }],
  ["a mistake of ours", "break", {}],
  ["text that JSON escapes", "get_workspace", { name: 'ü"\n\u2028' }],
];

Deno.test("the quick lane answers what the SDK answers, byte for byte, in every session protocol", async () => {
  await using quick = await testEndpoint();
  await using slow = await testEndpoint({ extend() {} });
  for (const version of ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]) {
    const [a, b] = [await quick.begin({ version }), await slow.begin({ version })];
    for (const [what, name, args] of CASES) {
      for (const id of [1, "x"]) {
        const message = toolCall(name, args, {}, id);
        const [left, right] = [await quick.post(message, a), await slow.post(message, b)];
        assert.equal(left.text, right.text, `${what}, ${version}`);
        assert.equal(left.status, right.status);
        assert.equal(left.headers.get("content-type"), right.headers.get("content-type"));
      }
    }
  }
  const shown = (record: Json) => ({ ...record, time: "", duration_ms: 0, session_id: "" });
  assert.deepEqual(
    quick.test.audit.map((record) => shown({ ...record })),
    slow.test.audit.map((record) => shown({ ...record })),
  );
});

Deno.test("the same of the era without sessions", async () => {
  await using quick = await testEndpoint();
  await using slow = await testEndpoint({ extend() {} });
  for (const [what, name, args] of CASES) {
    const { message, headers } = modernRequest("tools/call", {
      name,
      ...(args === undefined ? {} : { arguments: args }),
    });
    const [left, right] = [await quick.post(message, headers), await slow.post(message, headers)];
    assert.equal(left.text, right.text, what);
    assert.equal(left.status, right.status);
    assert.equal(left.headers.get("content-type"), right.headers.get("content-type"));
  }
});

Deno.test("a trace in the request comes before that of its header, in both lanes", async () => {
  const inRequest = `00-${"a".repeat(32)}-00f067aa0ba902b7-01`;
  const inHeader = `00-${"b".repeat(32)}-00f067aa0ba902b7-01`;
  await using quick = await testEndpoint();
  await using slow = await testEndpoint({ extend() {} });
  const { message, headers } = modernRequest("tools/call", {
    name: "get_workspace",
    arguments: { name: "dev" },
  });
  const params = (message as { params: { _meta: Record<string, unknown> } }).params;
  for (const rig of [quick, slow]) {
    for (const traceparent of [inRequest, "none", 7, undefined]) {
      const traced = { ...message, params: { ...params, _meta: { ...params._meta, traceparent } } };
      assert.equal((await rig.post(traced, { ...headers, traceparent: inHeader })).status, 200);
    }
    const letters = rig.test.audit.map(({ trace_id }) => trace_id?.[0]);
    assert.deepEqual(letters, ["a", "b", "b", "b"]);
  }
});

Deno.test("whatever is unusual is not for the quick lane", async () => {
  await using rig = await testEndpoint();
  const { catalog } = rig.test.world.surface;
  const take = (body: unknown, headers: Record<string, string> = {}) =>
    quickCallOf(body, (name) => headers[name], catalog);
  const good = toolCall("get_workspace", { name: "dev" });
  assert.equal(take(good)?.listed.name, "get_workspace");
  assert.notEqual(take(toolCall("get_workspace", {}, { _meta: { traceparent: "00-1" } })), undefined);
  const odd: unknown[] = [
    undefined,
    [good],
    { ...good, jsonrpc: "1.0" },
    { ...good, id: null },
    { ...good, id: 1.5 },
    { ...good, extra: 1 },
    { ...good, method: "tools/list" },
    { ...good, params: [] },
    toolCall("nothing"),
    toolCall("set_count", { to: 1 }),
    toolCall("get_workspace", {}, { _meta: { progressToken: 1 } }),
    toolCall("get_workspace", {}, { _meta: 7 }),
    toolCall("get_workspace", {}, { task: {} }),
    toolCall("get_workspace", {}, { requestState: "x" }),
    { ...good, params: { name: "get_workspace", arguments: [] } },
    toolCall("get_workspace", {}, { _meta: { "io.modelcontextprotocol/related-task": {} } }),
  ];
  for (const body of odd) assert.equal(take(body), undefined, JSON.stringify(body));
  const modern = modernRequest("tools/call", { name: "get_workspace" });
  assert.equal(take(modern.message, modern.headers)?.isModern, true);
  assert.equal(take(modern.message, { ...modern.headers, "mcp-name": "other" }), undefined);
  assert.equal(take(modern.message, { ...modern.headers, "mcp-method": "tools/list" }), undefined);
  assert.equal(take(good, modern.headers), undefined);
  for (
    const meta of [
      { progressToken: 1 },
      { "io.modelcontextprotocol/logLevel": "info" },
      { "io.modelcontextprotocol/protocolVersion": "2027-01-01" },
      { "io.modelcontextprotocol/clientCapabilities": 7 },
    ]
  ) {
    const { message, headers } = modernRequest("tools/call", { name: "get_workspace" }, { meta });
    assert.equal(take(message, headers), undefined, JSON.stringify(meta));
  }
});

Deno.test("a call that a client cancels, or leaves, ends on the quick lane as well", async () => {
  await using rig = await testEndpoint();
  const session = await rig.begin();
  const call = rig.post(toolCall("wait", {}, {}, 7), session);
  await rig.test.waiting(1);
  const cancelled = await rig.post({
    jsonrpc: "2.0",
    method: "notifications/cancelled",
    params: { requestId: 7, reason: "enough" },
  }, session);
  assert.equal(cancelled.status, 202);
  assert.deepEqual([(await call).status, (await call).text], [202, ""]);
  const abort = new AbortController();
  const left = fetch(`${rig.url}/mcp`, {
    method: "POST",
    headers: { accept: "*/*", "content-type": "application/json", ...session },
    body: JSON.stringify(toolCall("wait")),
    signal: abort.signal,
  }).catch(() => "left");
  await rig.test.waiting(2);
  abort.abort();
  assert.equal(await left, "left");
  await eventually(() => rig.test.audit.length === 2, "both calls to be on record");
  assert.deepEqual(rig.test.waits, ["AbortError", "AbortError"]);
  assert.deepEqual(rig.test.audit.map(({ error }) => error), ["cancelled", "cancelled"]);
});

Deno.test("a call that takes longer than its deadline says so", async () => {
  await using rig = await testEndpoint({ deadlineMs: 20 });
  const { json } = await rig.post(toolCall("wait"), await rig.begin());
  const { isError, content } = json["result"] as { isError: boolean; content: { text: string }[] };
  assert.equal(isError, true);
  assert.match(content[0]!.text, /^it took longer than 0\.02 s/);
  assert.deepEqual(rig.test.audit.map(({ error, caller }) => [error, caller]), [[
    "timeout",
    testVisitor().caller.user.name,
  ]]);
});
