import assert from "node:assert/strict";
import type { Gauge, Metrics } from "../../telemetry/metrics.ts";
import type { WorkerLoad } from "../types.ts";
import { Process } from "./process.ts";
import { FakeProcess } from "./testing/fake_sandbox.ts";
import { WorkerMetrics } from "./worker_metrics.ts";

function rig() {
  const counted: string[] = [];
  const gauges = new Map<string, (gauge: Gauge) => void>();
  const metrics: Metrics = {
    counter: (name) => ({
      inc: (labels = {}, value = 1) => void counted.push(`${name} ${JSON.stringify(labels)} ${value}`),
    }),
    gauge: (name, _help, _labels, collect) => {
      if (collect !== undefined) gauges.set(name, collect);
      return { set() {}, inc() {}, dec() {}, remove() {} };
    },
    histogram: (name) => ({
      observe: (labels, value) => void counted.push(`${name} ${JSON.stringify(labels)} ${value}`),
    }),
  };
  return { counted, gauges, metrics };
}

const LOAD: WorkerLoad = {
  sessions: ["a", "b"],
  runningTasks: 3,
  processes: 4,
  memoryBytes: 5,
  freeDiskBytes: 6,
};

Deno.test("gauges are read at each scrape", () => {
  const { gauges, metrics } = rig();
  let load = LOAD;
  new WorkerMetrics(metrics, () => load);
  const read = () =>
    [...gauges].map(([name, collect]) => {
      let found = -1;
      collect({ set: (_, value) => void (found = value), inc() {}, dec() {}, remove() {} });
      return `${name} ${found}`;
    });
  assert.deepEqual(read(), [
    "worker_sessions 2",
    "worker_tasks_running 3",
    "worker_processes 4",
    "worker_sessions_memory_bytes 5",
    "worker_free_disk_bytes 6",
  ]);
  load = { ...LOAD, sessions: [] };
  assert.equal(read()[0], "worker_sessions 0");
});

Deno.test("tasks, output and ends of processes are counted", async () => {
  const { counted, metrics } = rig();
  const figures = new WorkerMetrics(metrics, () => LOAD);
  figures.task("echo", "ok", 250);
  figures.output("stderr", 9);
  for (const exit of [{ exitCode: 0 }, { exitCode: 2 }, { signal: "SIGKILL", limit: "memory" as const }]) {
    const process = new Process({ command: "x", outputBytes: 10, timeoutMs: 0 });
    const running = new FakeProcess({ argv: [], cwd: ".", env: {}, onOutput: () => {} });
    running.exit(exit);
    await process.began("proc-1", running);
    figures.ended(process);
  }
  assert.deepEqual(counted, [
    'worker_tasks_total {"operation":"echo","result":"ok"} 1',
    'worker_task_duration_seconds {"operation":"echo"} 0.25',
    'worker_process_output_bytes_total {"stream":"stderr"} 9',
    'worker_processes_ended_total {"result":"ok"} 1',
    'worker_processes_ended_total {"result":"failed"} 1',
    'worker_processes_ended_total {"result":"killed"} 1',
    'worker_limits_reached_total {"limit":"memory"} 1',
  ]);
});
