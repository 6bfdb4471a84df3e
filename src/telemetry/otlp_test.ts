import assert from "node:assert/strict";
import { type LogFields, type Logger, silentLogger } from "./logger.ts";
import { type Metrics, noMetrics } from "./metrics.ts";
import { openTracing } from "./otlp.ts";
import type { OtlpSettings } from "./otlp_settings.ts";
import { startCollector } from "./testing/collector.ts";
import { FakeClock } from "./testing/fake_clock.ts";
import { noTracer } from "./tracing.ts";

function rig(url: string, settings: Partial<OtlpSettings> = {}) {
  const counted = new Map<string, number>();
  const lines: { message: string; fields: LogFields | undefined }[] = [];
  const metrics: Metrics = {
    ...noMetrics,
    counter: (name) => ({
      inc: (labels = {}, value = 1) => {
        const key = `${name} ${Object.values(labels).join()}`.trim();
        counted.set(key, (counted.get(key) ?? 0) + value);
      },
    }),
  };
  const keep = (message: string, fields?: LogFields) => void lines.push({ message, fields });
  const log: Logger = { ...silentLogger, info: keep, warn: keep };
  const clock = new FakeClock();
  const tracing = openTracing({
    settings: {
      url: `${url}/v1/traces`,
      headers: { authorization: "Bearer secret" },
      timeoutMs: 60_000,
      ratio: 1,
      isParentBased: true,
      resource: { "service.name": "test" },
      ...settings,
    },
    log,
    metrics,
    clock,
  });
  return { ...tracing, counted, lines, clock };
}

/** Moves the clock until `isSo`. */
async function until(clock: FakeClock, isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    await clock.advance(500);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

Deno.test("spans are sent soon, together, in the form that collectors read", async () => {
  await using collector = startCollector();
  const { tracer, clock, close } = rig(collector.url);
  const span = tracer.start("call", {
    kind: "server",
    attributes: { text: "a", whole: 7, part: 0.5, yes: true, no: undefined },
  });
  tracer.start("child", { parent: span.traceparent }).end();
  span.fail("not_found");
  span.end();
  await until(clock, () => collector.spans.length === 2);
  assert.equal(collector.requests.length, 1);
  assert.equal(collector.requests[0]!.path, "/v1/traces");
  assert.equal(collector.requests[0]!.headers.get("content-type"), "application/json");
  assert.equal(collector.requests[0]!.headers.get("authorization"), "Bearer secret");
  const [child, call] = collector.spans;
  assert.equal(call!.service, "test");
  assert.equal(call!.kind, 2);
  assert.deepEqual(call!.values, { text: "a", whole: "7", part: 0.5, yes: true, "error.type": "not_found" });
  assert.deepEqual(call!.status, { code: 2 });
  assert.deepEqual(child!.status, {});
  assert.equal(child!.parentSpanId, call!.spanId);
  assert.equal(child!.traceId, call!.traceId);
  assert.ok(!("parentSpanId" in call!));
  assert.ok(BigInt(call!.startTimeUnixNano) <= BigInt(call!.endTimeUnixNano));
  await close();
});

Deno.test("closing sends what is left", async () => {
  await using collector = startCollector();
  const { tracer, close, counted } = rig(collector.url);
  for (let count = 0; count < 1_000; count++) tracer.start("a").end();
  await close();
  assert.equal(collector.spans.length, 1_000);
  assert.equal(counted.get("coder_k8s_spans_exported_total"), 1_000);
  tracer.start("late").end();
  assert.equal(counted.get("coder_k8s_spans_dropped_total queue"), 1);
});

Deno.test("a collector that is busy is asked again, one that refuses is not", async () => {
  await using collector = startCollector();
  const { tracer, clock, close, counted, lines } = rig(collector.url);
  collector.status = 503;
  tracer.start("a").end();
  await until(clock, () => collector.requests.length === 1);
  collector.status = 200;
  await until(clock, () => collector.spans.length === 1);
  assert.equal(lines.length, 0);
  collector.status = 400;
  tracer.start("b").end();
  await until(clock, () => counted.get("coder_k8s_spans_dropped_total collector") === 1);
  assert.equal(collector.requests.length, 3);
  assert.equal(lines.length, 1);
  assert.equal(lines[0]!.fields!["reason"], "it answered 400");
  assert.ok(!JSON.stringify(lines).includes("secret"));
  collector.status = 200;
  tracer.start("c").end();
  await until(clock, () => lines.length === 2);
  assert.match(lines[1]!.message, /again/);
  await close();
});

Deno.test("without a collector nothing waits, and what is lost is counted", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const { tracer, close, counted } = rig(`http://127.0.0.1:${port}`);
  for (let count = 0; count < 10_000; count++) tracer.start("a").end();
  await close();
  const queue = counted.get("coder_k8s_spans_dropped_total queue") ?? 0;
  const collector = counted.get("coder_k8s_spans_dropped_total collector") ?? 0;
  assert.equal(queue + collector, 10_000);
  assert.ok(queue >= 10_000 - 4_096 - 512);
});

Deno.test("a collector that does not answer does not keep the process, nor tell what its address has", async () => {
  const isHeld = Promise.withResolvers<Response>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => isHeld.promise);
  const url = `http://127.0.0.1:${server.addr.port}/v1/traces?key=hidden-key`;
  const { tracer, close, clock, counted, lines } = rig("", { url });
  tracer.start("a").end();
  const closed = close();
  await until(clock, () => counted.get("coder_k8s_spans_dropped_total collector") === 1);
  await closed;
  assert.ok(clock.now() >= 5_000);
  assert.equal(lines.length, 1);
  assert.equal(lines[0]!.fields!["collector"], url.split("?")[0]);
  assert.ok(!JSON.stringify(lines).includes("hidden-key"));
  isHeld.resolve(new Response("late"));
  await server.shutdown();
});

Deno.test("an address that refuses is told of without its query", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const { tracer, close, lines } = rig("", { url: `http://127.0.0.1:${port}/v1/traces?key=hidden-key` });
  tracer.start("a").end();
  await close();
  assert.equal(lines.length, 1);
  assert.ok(!JSON.stringify(lines).includes("hidden-key"));
});

Deno.test("long texts are cut, and half characters are none", async () => {
  await using collector = startCollector();
  const { tracer, close } = rig(collector.url);
  tracer.start("a", { attributes: { long: "x".repeat(1_000), half: "a\ud800" } }).end();
  await close();
  assert.deepEqual(collector.spans[0]!.values, { long: "x".repeat(256), half: "a\ufffd" });
});

Deno.test("without settings it is off", async () => {
  const tracing = openTracing({ settings: undefined, log: silentLogger, metrics: noMetrics });
  assert.equal(tracing.tracer, noTracer);
  await tracing.close();
});
