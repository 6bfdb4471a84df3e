import assert from "node:assert/strict";
import { ToolError } from "../errors.ts";
import { Redactor } from "../../telemetry/redactor.ts";
import { answerRedaction } from "../answers/redacted.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { noMetrics } from "../../telemetry/metrics.ts";
import { type LogFields, silentLogger } from "../../telemetry/logger.ts";
import { type EndedSpan, recordingTracer } from "../../telemetry/tracing.ts";
import { startCallTime } from "./call_time.ts";
import { callShelf, callTool, QuestionFirst } from "./calls.ts";
import { createServing, type Occasion, type ServingOptions } from "./serving.ts";
import type { ReadTool, ToolCall } from "../tool.ts";
import { testVisitor, testWorld } from "./testing.ts";

function rig(options: ServingOptions = {}) {
  const seen: [Record<string, string>, number][] = [];
  const logged: (LogFields | undefined)[] = [];
  const metrics: Metrics = {
    ...noMetrics,
    histogram: () => ({ observe: (labels, value) => void seen.push([{ ...labels }, value]) }),
  };
  const test = testWorld();
  let now = 1_000;
  const serving = createServing(test.world, {
    metrics,
    log: { ...silentLogger, error: (_, fields) => void logged.push(fields) },
    now: () => now += 500,
    ...options,
  });
  const occasion: Occasion = {
    visitor: testVisitor(),
    version: () => "2025-11-25",
    maySendQuestions: () => false,
    sessionId: "5e5510",
  };
  const call = (
    name: string,
    args: unknown,
    elicit?: () => Promise<"accept">,
    time = startCallTime(10_000),
  ) => {
    const listed = test.world.surface.catalog.get(name)!;
    return callTool(serving, occasion, { listed, arguments: args, time, elicit, progress() {} });
  };
  return { test, serving, occasion, call, seen, logged };
}

Deno.test("a call is counted with its tool, its end and its seconds", async () => {
  const { call, seen, test } = rig();
  await call("get_workspace", { name: "dev" });
  await assert.rejects(call("get_workspace", { name: "missing" }), ToolError);
  const labels = { method: "tools/call", tool: "get_workspace" };
  const counted = seen.map(([one]) => one);
  assert.deepEqual(counted, [{ ...labels, result: "ok" }, { ...labels, result: "not_found" }]);
  assert.ok(seen.every(([, seconds]) => seconds > 0 && seconds < 3));
  assert.deepEqual(test.audit.map(({ success, session_id }) => [success, session_id]), [
    [true, "5e5510"],
    [false, "5e5510"],
  ]);
});

Deno.test("what is a mistake of ours is in the log, and the caller hears no detail of it", async () => {
  const { call, logged, test } = rig();
  const error = await call("break", {}).then(() => undefined, (reason: ToolError) => reason);
  assert.equal(error?.code, "internal");
  assert.doesNotMatch(error!.message, /secret detail/);
  assert.match((logged[0]!["error"] as Error).message, /secret detail/);
  assert.equal(test.audit[0]!.message, error!.message);
});

Deno.test("a call that has no time left is not begun", async () => {
  const { call, seen, test } = rig();
  const time = startCallTime(10_000);
  time.leave();
  await assert.rejects(call("wait", {}, undefined, time), { code: "timeout" });
  assert.deepEqual(test.waits, []);
  assert.equal(seen[0]![0]["result"], "cancelled");
});

Deno.test("a question is no failure", async () => {
  const { call, test, seen } = rig();
  const ask = () => Promise.reject(new QuestionFirst({ message: "Do it?", state: "s" }));
  await assert.rejects(call("set_count", { to: 1 }, ask), QuestionFirst);
  assert.deepEqual([seen[0]![0]["result"], test.audit[0]!.success, test.audit[0]!.changed], [
    "ok",
    true,
    false,
  ]);
});

Deno.test("resources and prompts are on record without what they say", async () => {
  const { serving, occasion, test, seen } = rig();
  const what = { method: "resources/read", target: "coder://things/a" };
  const answer = await callShelf(serving, occasion, what, startCallTime(10_000), ({ caller, signal }) => {
    assert.equal(signal.aborted, false);
    return Promise.resolve(caller.id);
  });
  assert.equal(answer, "ann");
  assert.deepEqual(seen[0]![0], { method: "resources/read", tool: "", result: "ok" });
  assert.deepEqual([test.audit[0]!.tool, test.audit[0]!.arguments], ["coder://things/a", undefined]);
});

Deno.test("what the process knows to be secret is in no answer", async () => {
  const redactor = new Redactor();
  redactor.add("hunter2hunter2");
  const { test, occasion } = rig();
  const world = { ...test.world, redaction: answerRedaction(redactor) };
  const listed = world.surface.catalog.get("get_workspace")!;
  const time = startCallTime(10_000);
  const args = { name: "hunter2hunter2" };
  const answer = await callTool(createServing(world), occasion, {
    listed,
    arguments: args,
    time,
    progress() {},
  });
  assert.doesNotMatch(JSON.stringify(answer), /hunter2/);
});

const PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/** A rig whose tool `look` keeps the `traceparent` that it was given, and its spans. */
function tracedRig(traceparent: string | undefined, isOn = true) {
  const spans: EndedSpan[] = [];
  const given: (string | undefined)[] = [];
  const tracer = recordingTracer({ record: (span) => void spans.push(span) });
  const { serving, occasion, test } = rig(isOn ? { tracer } : {});
  const call = (name: string, args: unknown = { name: "dev" }, elicit?: () => Promise<"accept">) => {
    const listed = test.world.surface.catalog.get(name)!;
    const tool = {
      ...listed.tool,
      ...(listed.tool.kind === "read"
        ? {
          read(input: never, call: ToolCall) {
            given.push(call.traceparent);
            call.provenance?.({ session: "sess-1", workspace: "w1/sess-1" });
            return (listed.tool as ReadTool).read(input, call);
          },
        }
        : {}),
    } as typeof listed.tool;
    const request = { listed: { ...listed, tool }, arguments: args, time: startCallTime(10_000), elicit };
    return callTool(serving, { ...occasion, traceparent }, { ...request, progress() {} });
  };
  return { spans, given, call, test };
}

Deno.test("a call is a span of its caller's trace, which its tool goes on with", async () => {
  const { spans, given, call, test } = tracedRig(PARENT);
  await call("get_workspace");
  const [span] = spans;
  assert.deepEqual([span!.name, span!.kind, span!.failure], [
    "tools/call get_workspace",
    "server",
    undefined,
  ]);
  assert.equal(span!.parentSpanId, "00f067aa0ba902b7");
  assert.deepEqual(span!.attributes, {
    "mcp.method.name": "tools/call",
    "gen_ai.tool.name": "get_workspace",
    "session.id": "sess-1",
  });
  assert.deepEqual(given, [`00-${span!.traceId}-${span!.spanId}-01`]);
  assert.equal(test.audit[0]!.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
});

Deno.test("a call without a trace begins one, and is on record with it", async () => {
  const { spans, call, test } = tracedRig("no traceparent");
  await call("get_workspace");
  assert.equal(spans[0]!.parentSpanId, "");
  assert.equal(test.audit[0]!.trace_id, spans[0]!.traceId);
});

Deno.test("spans of calls that fail say the code alone, and a question is no failure", async () => {
  const { spans, call } = tracedRig(PARENT);
  await assert.rejects(call("get_workspace", { name: "missing" }), { code: "not_found" });
  await assert.rejects(call("break", {}), { code: "internal" });
  const ask = () => Promise.reject(new QuestionFirst({ message: "Do it?", state: "s" }));
  await assert.rejects(call("set_count", { to: 3 }, ask), QuestionFirst);
  assert.deepEqual(spans.map(({ failure }) => failure), ["not_found", "internal", undefined]);
});

Deno.test("without a tracer the caller's trace goes on as it is, and what is none does not", async () => {
  const { spans, given, call } = tracedRig(PARENT, false);
  await call("get_workspace");
  const none = tracedRig("$(reboot)", false);
  await none.call("get_workspace");
  assert.deepEqual([given, none.given, spans], [[PARENT], [undefined], []]);
});
