import assert from "node:assert/strict";
import {
  cleanTraceparent,
  type EndedSpan,
  formatTraceparent,
  inSpan,
  noTracer,
  parseTraceparent,
  type RecordingOptions,
  recordingTracer,
} from "./tracing.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = `00-${TRACE}-b7ad6b7169203331-01`;

function recorder(options: Partial<RecordingOptions> = {}) {
  const spans: EndedSpan[] = [];
  let now = 1_700_000_000_000;
  const tracer = recordingTracer({
    record: (span) => void spans.push(span),
    now: () => now += 1.5,
    ...options,
  });
  return { tracer, spans };
}

Deno.test("traceparent is read as the standard has it, and nothing else is one", () => {
  assert.deepEqual(parseTraceparent(PARENT), { traceId: TRACE, spanId: "b7ad6b7169203331", isSampled: true });
  assert.equal(parseTraceparent(PARENT.replace(/01$/, "00"))!.isSampled, false);
  assert.equal(parseTraceparent(PARENT.replace(/01$/, "03"))!.isSampled, true);
  assert.equal(parseTraceparent(`${PARENT.replace(/^00/, "01")}-more`)!.traceId, TRACE);
  assert.equal(formatTraceparent(parseTraceparent(PARENT)!), PARENT);
  const bad = [
    undefined,
    "",
    "x",
    `${PARENT}-more`,
    PARENT.replace(/^00/, "ff"),
    PARENT.toUpperCase(),
    PARENT.replace(TRACE, "0".repeat(32)),
    PARENT.replace("b7ad6b7169203331", "0".repeat(16)),
    PARENT.slice(1),
    `${PARENT}\n`,
  ];
  for (const text of bad) assert.equal(parseTraceparent(text), undefined, String(text));
});

Deno.test("a span goes on with the trace of its parent", () => {
  const { tracer, spans } = recorder();
  const span = tracer.start("call", { parent: PARENT, kind: "server", attributes: { a: 1 } });
  span.set({ b: "two", a: 3 });
  const child = tracer.start("task", { parent: span.traceparent });
  child.end();
  span.end();
  span.end();
  assert.equal(spans.length, 2);
  const [inner, outer] = spans as [EndedSpan, EndedSpan];
  assert.equal(outer.traceId, TRACE);
  assert.equal(outer.parentSpanId, "b7ad6b7169203331");
  assert.deepEqual(outer.attributes, { a: 3, b: "two" });
  assert.equal(outer.kind, "server");
  assert.equal(outer.failure, undefined);
  assert.equal(inner.traceId, TRACE);
  assert.equal(inner.parentSpanId, outer.spanId);
  assert.equal(span.traceparent, `00-${TRACE}-${outer.spanId}-01`);
  assert.equal(outer.startedAt, 1_700_000_000_001_500_000n);
  assert.ok(outer.startedAt < inner.startedAt && inner.endedAt < outer.endedAt);
});

Deno.test("without a parent a trace of its own begins, sampled as often as is wanted", () => {
  const { tracer, spans } = recorder();
  const ids = new Set(
    Array.from({ length: 100 }, () => tracer.start("a", { parent: "nonsense" }).traceparent),
  );
  assert.equal(ids.size, 100);
  tracer.start("b").end();
  assert.equal(spans[0]!.parentSpanId, "");
  const none = recorder({ ratio: 0 });
  const unsampled = none.tracer.start("a");
  unsampled.end();
  none.tracer.start("child", { parent: unsampled.traceparent }).end();
  assert.match(unsampled.traceparent, /-00$/);
  assert.equal(none.spans.length, 0);
  none.tracer.start("of a sampled one", { parent: PARENT }).end();
  assert.equal(none.spans.length, 1);
  // Half of them, by their ids: the first ones in order.
  let next = 0;
  const half = recorder({
    ratio: 0.5,
    random: (bytes) => new Uint8Array(bytes).fill(next++ % 2 === 0 ? 0x0f : 0xf0),
  });
  half.tracer.start("even").end();
  assert.equal(half.spans.length, 0);
  next = 1;
  half.tracer.start("odd").end();
  assert.equal(half.spans.length, 1);
});

Deno.test("what went wrong is told by its code, and by nothing else", async () => {
  const { tracer, spans } = recorder();
  const failing = (error: unknown) => inSpan(tracer, "work", {}, () => Promise.reject(error));
  await assert.rejects(failing(new Error("no hunter2")), /hunter2/);
  await assert.rejects(failing(Object.assign(new Error("no hunter2"), { code: "not_found" })), /hunter2/);
  await assert.rejects(failing(Object.assign(new TypeError("x"), { code: "has hunter2" })), TypeError);
  await assert.rejects(failing(Object.assign(new TypeError("x"), { code: 7 })), TypeError);
  await failing("hunter2").then(() => assert.fail(), () => {});
  assert.equal(
    await inSpan(tracer, "work", {}, ({ traceparent }) => Promise.resolve(traceparent.length)),
    55,
  );
  assert.deepEqual(spans.map(({ failure }) => failure), [
    "Error",
    "not_found",
    "TypeError",
    "TypeError",
    "unknown",
    undefined,
  ]);
});

Deno.test("what others hand on is written anew", () => {
  assert.equal(cleanTraceparent(PARENT), PARENT);
  assert.equal(cleanTraceparent(`${PARENT.replace(/^00/, "cc")}-anything; else`), PARENT);
  assert.equal(cleanTraceparent(PARENT.replace(/01$/, "fe")), PARENT.replace(/01$/, "00"));
  assert.equal(cleanTraceparent("$(reboot)"), undefined);
  assert.equal(cleanTraceparent(undefined), undefined);
});

Deno.test("where callers do not decide, their traces are sampled as others are", () => {
  const none = recorder({ ratio: 0, isParentBased: false });
  none.tracer.start("a", { parent: PARENT }).end();
  assert.equal(none.spans.length, 0);
  const all = recorder({ ratio: 1, isParentBased: false });
  all.tracer.start("a", { parent: PARENT.replace(/01$/, "00") }).end();
  assert.equal(all.spans[0]!.traceId, TRACE);
});

Deno.test("turned off, what comes in goes on, and nothing is recorded", async () => {
  assert.equal(noTracer.isOn, false);
  assert.equal(noTracer.start("a", { parent: PARENT }).traceparent, PARENT);
  assert.equal(noTracer.start("a"), noTracer.start("b"));
  assert.equal(noTracer.start("a").traceparent, "");
  assert.equal(await inSpan(noTracer, "a", {}, () => Promise.resolve(1)), 1);
});
