import assert from "node:assert/strict";
import { registerProcessMetrics } from "./process_metrics.ts";
import { PrometheusMetrics } from "./prometheus.ts";

/** The value of one series, by its exact text up to the value. */
async function sample(metrics: PrometheusMetrics, series: string): Promise<number | undefined> {
  const line = (await metrics.text()).split("\n").find((line) => line.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

Deno.test("counters, gauges and histograms come out in Prometheus' text format", async () => {
  const metrics = new PrometheusMetrics();
  metrics.counter("jobs_total", "Jobs.", ["kind"]).inc({ kind: "a" });
  metrics.counter("jobs_total", "Jobs.", ["kind"]).inc({ kind: "a" }, 2);
  const gauge = metrics.gauge("size", "Size.");
  gauge.set({}, 5);
  gauge.inc();
  gauge.dec({}, 3);
  metrics.histogram("took_seconds", "Time.", ["kind"], [0.1, 1]).observe({ kind: "a" }, 0.5);

  assert.equal(await sample(metrics, 'jobs_total{kind="a"}'), 3);
  assert.equal(await sample(metrics, "size"), 3);
  assert.equal(await sample(metrics, 'took_seconds_bucket{le="0.1",kind="a"}'), 0);
  assert.equal(await sample(metrics, 'took_seconds_bucket{le="1",kind="a"}'), 1);
  assert.match(await metrics.text(), /^# TYPE jobs_total counter$/m);
  assert.match(metrics.contentType, /^text\/plain; version=0\.0\.4/);
});

Deno.test("a counter or gauge without labels starts at zero", async () => {
  const metrics = new PrometheusMetrics();
  metrics.counter("a_total", "A.");
  metrics.gauge("b", "B.");
  metrics.histogram("c_seconds", "C.");
  assert.equal(await sample(metrics, "a_total"), 0);
  assert.equal(await sample(metrics, "b"), 0);
  assert.equal(await sample(metrics, "c_seconds_count"), 0);
});

Deno.test("asking again for a name gives the same metric, of whatever kind", async () => {
  const metrics = new PrometheusMetrics();
  for (let round = 0; round < 2; round++) {
    metrics.counter("a_total", "A.").inc();
    metrics.gauge("b", "B.").inc();
    metrics.histogram("c_seconds", "C.", []).observe({}, 1);
  }
  assert.equal(await sample(metrics, "a_total"), 2);
  assert.equal(await sample(metrics, "b"), 2);
  assert.equal(await sample(metrics, "c_seconds_count"), 2);
});

Deno.test("one name cannot be two kinds or have two sets of labels", () => {
  const metrics = new PrometheusMetrics();
  metrics.counter("a_total", "A.", ["x"]);
  assert.throws(() => metrics.gauge("a_total", "A.", ["x"]), /a_total exists as a counter/);
  assert.throws(() => metrics.counter("a_total", "A.", ["y"]), /labels \[x\]/);
  assert.throws(() => metrics.counterFrom("a_total", "A.", () => 1), /a_total exists/);
});

Deno.test("two instances do not share anything", async () => {
  const [first, second] = [new PrometheusMetrics(), new PrometheusMetrics()];
  first.counter("a_total", "A.").inc();
  second.counter("a_total", "A.");
  assert.equal(await sample(second, "a_total"), 0);
});

Deno.test("every collect function given for a gauge runs at each scrape", async () => {
  const metrics = new PrometheusMetrics();
  let value = 1;
  metrics.gauge("depth", "Depth.", ["queue"], (gauge) => gauge.set({ queue: "a" }, value));
  metrics.gauge("depth", "Depth.", ["queue"], (gauge) => gauge.set({ queue: "b" }, value * 10));
  assert.equal(await sample(metrics, 'depth{queue="a"}'), 1);
  value = 2;
  assert.equal(await sample(metrics, 'depth{queue="a"}'), 2);
  assert.equal(await sample(metrics, 'depth{queue="b"}'), 20);
});

Deno.test("a collect function that throws is reported and does not spoil the scrape", async () => {
  const failures: string[] = [];
  const metrics = new PrometheusMetrics({ onCollectFailure: (name) => failures.push(name) });
  metrics.gauge("bad", "Bad.", [], () => {
    throw new Error("no");
  });
  metrics.counterFrom("worse_total", "Worse.", () => {
    throw new Error("no");
  });
  metrics.counter("good_total", "Good.").inc();
  assert.equal(await sample(metrics, "good_total"), 1);
  assert.deepEqual(failures, ["bad", "worse_total"]);
});

Deno.test("removing a label combination takes its series out", async () => {
  const metrics = new PrometheusMetrics();
  const gauge = metrics.gauge("up", "Up.", ["who"]);
  gauge.set({ who: "a" }, 1);
  gauge.set({ who: "b" }, 1);
  gauge.remove({ who: "a" });
  assert.equal(await sample(metrics, 'up{who="a"}'), undefined);
  assert.equal(await sample(metrics, 'up{who="b"}'), 1);
});

Deno.test("a counter that is read from elsewhere shows the latest value and skips what cannot be read", async () => {
  const metrics = new PrometheusMetrics();
  let value: number | undefined = 5;
  metrics.counterFrom("cpu_seconds_total", "CPU.", () => value);
  assert.equal(await sample(metrics, "cpu_seconds_total"), 5);
  value = 7;
  assert.equal(await sample(metrics, "cpu_seconds_total"), 7);
  value = undefined;
  assert.equal(await sample(metrics, "cpu_seconds_total"), 7);
});

Deno.test("the process' own figures are true", async () => {
  const metrics = new PrometheusMetrics();
  registerProcessMetrics(metrics);
  const memory = await sample(metrics, "process_resident_memory_bytes") ?? 0;
  assert.ok(memory > 20e6 && memory < 5e9, `${memory}`);
  const started = await sample(metrics, "process_start_time_seconds") ?? 0;
  assert.ok(Math.abs(started - (Date.now() - performance.now()) / 1000) < 5, `${started}`);
  const before = await sample(metrics, "process_cpu_seconds_total") ?? 0;
  for (const end = performance.now() + 50; performance.now() < end;) Math.sqrt(end);
  const after = await sample(metrics, "process_cpu_seconds_total") ?? 0;
  assert.ok(before > 0.05 && after > before, `${before} then ${after}`);
  assert.ok((await sample(metrics, "nodejs_heap_size_used_bytes") ?? 0) > 1e6);
});

Deno.test({
  name: "open files are counted where the system tells them",
  permissions: { read: true, env: true },
  fn: async () => {
    const metrics = new PrometheusMetrics();
    registerProcessMetrics(metrics);
    const open = await sample(metrics, "process_open_fds");
    // `/proc` needs the permission for everything: without it the figure is left out, not wrong.
    assert.ok(open === undefined || open > 2, `${open}`);
  },
});
