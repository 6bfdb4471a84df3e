import assert from "node:assert/strict";
import { PrometheusMetrics } from "../telemetry/prometheus.ts";
import { FakeClock } from "../telemetry/testing/fake_clock.ts";
import { createController } from "./controller.ts";
import { controllerMetrics } from "./controller_metrics.ts";
import { queueMetrics } from "./queue_metrics.ts";
import { WorkQueue } from "./work_queue.ts";

/** The series of a scrape, as `name{labels}` → value. */
async function scrape(metrics: PrometheusMetrics): Promise<Map<string, number>> {
  const lines = (await metrics.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => {
    const space = line.lastIndexOf(" ");
    return [line.slice(0, space), Number(line.slice(space + 1))];
  }));
}

Deno.test("a new controller shows every series at zero under controller-runtime's names", async () => {
  const metrics = new PrometheusMetrics();
  createController({ name: "w", reconcile: () => Promise.resolve(), watches: [], metrics, concurrency: 5 });
  const series = await scrape(metrics);
  const expected: [string, number][] = [
    ...["success", "requeue_after", "requeue", "error"].map((result): [string, number] => [
      `controller_runtime_reconcile_total{controller="w",result="${result}"}`,
      0,
    ]),
    ['controller_runtime_reconcile_errors_total{controller="w"}', 0],
    ['controller_runtime_terminal_reconcile_errors_total{controller="w"}', 0],
    ['controller_runtime_reconcile_panics_total{controller="w"}', 0],
    ['controller_runtime_reconcile_timeouts_total{controller="w"}', 0],
    ['controller_runtime_max_concurrent_reconciles{controller="w"}', 5],
    ['controller_runtime_active_workers{controller="w"}', 0],
    ['workqueue_adds_total{name="w",controller="w"}', 0],
    ['workqueue_retries_total{name="w",controller="w"}', 0],
    ['workqueue_depth{name="w",controller="w",priority="0"}', 0],
    ['workqueue_unfinished_work_seconds{name="w",controller="w"}', 0],
    ['workqueue_longest_running_processor_seconds{name="w",controller="w"}', 0],
  ];
  for (const [name, value] of expected) assert.equal(series.get(name), value, name);
});

Deno.test("two controllers share the metrics and keep their own series", async () => {
  const metrics = new PrometheusMetrics();
  for (const name of ["a", "b"]) {
    createController({
      name,
      reconcile: () => Promise.resolve(),
      watches: [],
      metrics,
    });
  }
  const series = await scrape(metrics);
  assert.equal(series.get('workqueue_depth{name="a",controller="a",priority="0"}'), 0);
  assert.equal(series.get('workqueue_depth{name="b",controller="b",priority="0"}'), 0);
});

Deno.test("passes are counted by result and timed in controller-runtime's buckets", async () => {
  const metrics = new PrometheusMetrics();
  const passes = controllerMetrics(metrics, "w", 8, () => 2);
  passes.started();
  passes.started();
  passes.ended("success", 120);
  passes.failed({ terminal: true, bug: false });
  passes.failed({ terminal: false, bug: true });
  passes.timedOut();
  const series = await scrape(metrics);
  assert.equal(series.get('controller_runtime_active_workers{controller="w"}'), 1);
  assert.equal(series.get('controller_runtime_reconcile_total{controller="w",result="success"}'), 1);
  assert.equal(series.get('controller_runtime_reconcile_errors_total{controller="w"}'), 2);
  assert.equal(series.get('controller_runtime_terminal_reconcile_errors_total{controller="w"}'), 1);
  assert.equal(series.get('controller_runtime_reconcile_panics_total{controller="w"}'), 1);
  assert.equal(series.get('controller_runtime_reconcile_timeouts_total{controller="w"}'), 1);
  assert.equal(series.get('coder_k8s_stuck_reconciles{controller="w"}'), 2);
  assert.equal(series.get('controller_runtime_reconcile_time_seconds_bucket{le="0.1",controller="w"}'), 0);
  assert.equal(series.get('controller_runtime_reconcile_time_seconds_bucket{le="0.15",controller="w"}'), 1);
  const buckets = [...series.keys()].filter((name) =>
    name.startsWith("controller_runtime_reconcile_time_seconds_bucket")
  );
  assert.equal(buckets.length, 41);
});

Deno.test("a queue's figures follow what happens in it", async () => {
  const [metrics, clock] = [new PrometheusMetrics(), new FakeClock()];
  const queue: WorkQueue<string> = new WorkQueue({
    id: (key) => key,
    clock,
    metrics: queueMetrics(metrics, "w", () => queue),
  });
  const of = (name: string, more = "") => `workqueue_${name}{${more}name="w",controller="w"}`;
  const depth = (priority: number) => `workqueue_depth{name="w",controller="w",priority="${priority}"}`;

  queue.add("a");
  queue.add("a");
  queue.add("b", { priority: -100 });
  let series = await scrape(metrics);
  assert.equal(series.get(of("adds_total")), 2);
  assert.deepEqual([series.get(depth(0)), series.get(depth(-100))], [1, 1]);

  clock.advanceSync(2_000);
  await queue.get();
  await queue.get();
  clock.advanceSync(3_000);
  queue.done("a");
  clock.advanceSync(1_000);
  queue.addRateLimited("c");
  series = await scrape(metrics);
  assert.deepEqual([series.get(depth(0)), series.get(depth(-100))], [0, 0]);
  assert.equal(series.get(of("queue_duration_seconds_sum")), 4);
  assert.equal(series.get(of("queue_duration_seconds_bucket", 'le="1",')), 0);
  assert.equal(series.get(of("queue_duration_seconds_bucket", 'le="10",')), 2);
  assert.equal(series.get(of("queue_duration_seconds_bucket", 'le="1e-8",')), 0);
  assert.equal(series.get(of("work_duration_seconds_sum")), 3);
  assert.equal(series.get(of("unfinished_work_seconds")), 4);
  assert.equal(series.get(of("longest_running_processor_seconds")), 4);
  assert.equal(series.get(of("retries_total")), 1);
  queue.done("b");
  await queue.shutDown();
});

Deno.test("between two terms of leadership the queue's gauges are zero", async () => {
  const metrics = new PrometheusMetrics();
  const queue = { depths: () => new Map([[-100, 3]]), workingFor: () => [5_000] };
  let current: typeof queue | undefined = queue;
  queueMetrics(metrics, "w", () => current);
  assert.equal((await scrape(metrics)).get('workqueue_depth{name="w",controller="w",priority="-100"}'), 3);
  current = undefined;
  const series = await scrape(metrics);
  assert.equal(series.get('workqueue_depth{name="w",controller="w",priority="-100"}'), 0);
  assert.equal(series.get('workqueue_unfinished_work_seconds{name="w",controller="w"}'), 0);
});
