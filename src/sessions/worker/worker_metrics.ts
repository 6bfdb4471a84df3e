/** The figures of a worker. */
import type { Counter, Histogram, Metrics } from "../../telemetry/metrics.ts";
import type { WorkerLoad } from "../types.ts";
import type { Process, Stream } from "./process.ts";

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

export class WorkerMetrics {
  readonly #tasks: Counter;
  readonly #seconds: Histogram;
  readonly #output: Counter;
  readonly #processes: Counter;
  readonly #limits: Counter;

  constructor(metrics: Metrics, load: () => WorkerLoad) {
    this.#tasks = metrics.counter(
      "worker_tasks_total",
      "Tasks that were carried out, by operation and by how they ended: ok, or the code of the error",
      ["operation", "result"],
    );
    this.#seconds = metrics.histogram(
      "worker_task_duration_seconds",
      "Duration of tasks at the worker",
      ["operation"],
      SECONDS,
    );
    this.#output = metrics.counter("worker_process_output_bytes_total", "Output of sessions' processes", [
      "stream",
    ]);
    this.#processes = metrics.counter(
      "worker_processes_ended_total",
      "Processes of sessions that have ended, by how: exit code 0 (ok), another (failed), a signal (killed)",
      ["result"],
    );
    this.#limits = metrics.counter(
      "worker_limits_reached_total",
      "Processes that were ended by a limit of their session",
      ["limit"],
    );
    const gauge = (name: string, help: string, value: (load: WorkerLoad) => number) =>
      metrics.gauge(name, help, [], (found) => found.set({}, value(load())));
    gauge("worker_sessions", "Sessions that this worker has", ({ sessions }) => sessions.length);
    gauge("worker_tasks_running", "Tasks that run now", ({ runningTasks }) => runningTasks);
    gauge(
      "worker_processes",
      "Processes of sessions that run, without those that they have started",
      (now) => now.processes,
    );
    gauge(
      "worker_sessions_memory_bytes",
      "Memory of sessions' processes, by the last look",
      (now) => now.memoryBytes,
    );
    gauge(
      "worker_free_disk_bytes",
      "Free disk where sessions have their files, by the last look",
      (now) => now.freeDiskBytes,
    );
  }

  task(operation: string, result: string, milliseconds: number): void {
    this.#tasks.inc({ operation, result });
    this.#seconds.observe({ operation }, milliseconds / 1000);
  }

  output(stream: Stream, bytes: number): void {
    this.#output.inc({ stream }, bytes);
  }

  ended({ end }: Process): void {
    this.#processes.inc({
      result: end?.signal !== undefined ? "killed" : end?.exitCode === 0 ? "ok" : "failed",
    });
    if (end?.limit !== undefined) this.#limits.inc({ limit: end.limit });
  }
}
