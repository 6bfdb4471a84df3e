import assert from "node:assert/strict";
import { CountingMetrics } from "../../../kube/testing/counting_metrics.ts";
import { recordingLogger } from "../../../kube/testing/recording_logger.ts";
import { FakeClock } from "../../../telemetry/testing/fake_clock.ts";
import { badRequest, serviceUnavailable } from "../status_errors.ts";
import { exchangeOf, type ExchangeOptions } from "../testing/exchanges.ts";
import { RecordingOutlet } from "../testing/outlets.ts";
import type { Answer, StreamAnswer } from "./exchange.ts";
import { logFilter } from "./log_filter.ts";

function rig(isKnown = true) {
  const metrics = new CountingMetrics();
  const { logger: log, lines } = recordingLogger();
  const clock = new FakeClock();
  const filter = logFilter({ log, metrics, clock, isKnown: () => isKnown });
  const run = (next: () => Promise<Answer>, options: ExchangeOptions = {}) =>
    filter(exchangeOf(options), next);
  return { metrics, lines, clock, run };
}

const LABELS = {
  verb: "GET",
  group: "gadgets.coder.test",
  version: "v1alpha1",
  resource: "gadgets",
  subresource: "",
  scope: "resource",
};

Deno.test("an answer is counted by its code, and logged quietly", async () => {
  const { metrics, lines, run } = rig();
  await run(() => Promise.resolve({ code: 200 }));
  await assert.rejects(run(() => Promise.reject(badRequest("x"))));
  await assert.rejects(run(() => Promise.reject(new Error("x"))));
  const count = (code: string) => metrics.get("apiserver_request_total", { ...LABELS, code });
  assert.deepEqual([count("200"), count("400"), count("500")], [1, 1, 1]);
  assert.equal(metrics.get("apiserver_request_duration_seconds", LABELS), 3);
  assert.deepEqual(lines.map(({ level }) => level), ["debug", "debug", "info"]);
});

Deno.test("what is slow or fails stands out", async () => {
  const { lines, clock, run } = rig();
  await run(async () => {
    await clock.advance(1_500);
    return { code: 200 };
  });
  await assert.rejects(run(() => Promise.reject(serviceUnavailable("x"))));
  assert.deepEqual(lines.map(({ level, message, fields }) => [level, message, fields["ms"]]), [
    ["info", "a request took long", 1_500],
    ["info", "a request failed", 0],
  ]);
});

Deno.test("a watch is counted when it ends, with the time that it lasted", async () => {
  const { metrics, lines, clock, run } = rig();
  const target = "/apis/gadgets.coder.test/v1alpha1/gadgets?watch=1";
  let hasRun = false;
  const answer = await run(
    () => Promise.resolve({ code: 200, contentType: "x", run: () => void (hasRun = true) }),
    { target },
  ) as StreamAnswer;
  const labels = { ...LABELS, verb: "WATCH", scope: "cluster" };
  const outlet = new RecordingOutlet();
  answer.run(outlet);
  assert.deepEqual([hasRun, metrics.get("apiserver_longrunning_requests", labels)], [true, 1]);
  assert.equal(metrics.get("apiserver_request_total", { ...labels, code: "200" }), 0);
  await clock.advance(60_000);
  outlet.close();
  assert.equal(metrics.get("apiserver_longrunning_requests", labels), 0);
  assert.equal(metrics.get("apiserver_request_total", { ...labels, code: "200" }), 1);
  assert.deepEqual(lines.map(({ level, fields }) => [level, fields["ms"]]), [["debug", 60_000]]);
});

Deno.test("callers cannot invent label values", async () => {
  const { metrics, run } = rig(false);
  await run(() => Promise.resolve({ code: 404 }), { target: "/apis/my.group/v1/inventions/x" });
  await run(() => Promise.resolve({ code: 404 }), { method: "INVENT", target: "/x" });
  const empty = { group: "", version: "", resource: "", subresource: "", scope: "", code: "404" };
  assert.equal(metrics.get("apiserver_request_total", { verb: "GET", ...empty }), 1);
  assert.equal(metrics.get("apiserver_request_total", { verb: "other", ...empty }), 1);
});
