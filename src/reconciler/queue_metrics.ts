/** A work queue's figures, under the names that controller-runtime's dashboards read. */
import type { Metrics } from "../telemetry/metrics.ts";

/** What a queue reports. Durations are in milliseconds. */
export interface QueueMetrics {
  /** A key was queued that was not. */
  added(): void;
  /** A key was queued with back-off. */
  retried(): void;
  /** A key was due for so long before a worker took it. */
  waited(ms: number): void;
  /** A worker had a key for so long. */
  worked(ms: number): void;
}

/** Reports nothing. */
export const noQueueMetrics: QueueMetrics = { added() {}, retried() {}, waited() {}, worked() {} };

/** What the gauges read at each scrape. */
export interface QueueState {
  depths(): ReadonlyMap<number, number>;
  workingFor(): Iterable<number>;
}

/** 10 ns to 1,000 s, as controller-runtime has it (its smallest ones stay empty here). */
const DURATION_BUCKETS: readonly number[] = Array.from(
  { length: 12 },
  (_, index) => Number(`1e${index - 8}`),
);

/**
 * Registers `workqueue_*` for one controller. `current` gives the queue in use (there is a new one for each term of
 * leadership), or nothing while there is none.
 */
export function queueMetrics(
  metrics: Metrics,
  controller: string,
  current: () => QueueState | undefined,
): QueueMetrics {
  const labels = { name: controller, controller };
  const names = ["name", "controller"];
  const adds = metrics.counter("workqueue_adds_total", "Keys queued that were not queued before.", names);
  const retries = metrics.counter("workqueue_retries_total", "Keys queued again after a failure.", names);
  const waits = metrics.histogram(
    "workqueue_queue_duration_seconds",
    "How long keys were due before a worker took them.",
    names,
    DURATION_BUCKETS,
  );
  const work = metrics.histogram(
    "workqueue_work_duration_seconds",
    "How long workers had a key.",
    names,
    DURATION_BUCKETS,
  );
  const seen = new Set([0]);
  metrics.gauge("workqueue_depth", "Keys that are due, by priority.", [...names, "priority"], (gauge) => {
    const depths = current()?.depths();
    for (const priority of depths?.keys() ?? []) seen.add(priority);
    for (const priority of seen) {
      gauge.set({ ...labels, priority: String(priority) }, depths?.get(priority) ?? 0);
    }
  });
  metrics.gauge("workqueue_unfinished_work_seconds", "Time spent so far on keys in hand.", names, (gauge) => {
    let sum = 0;
    for (const ms of current()?.workingFor() ?? []) sum += ms;
    gauge.set(labels, sum / 1000);
  });
  metrics.gauge("workqueue_longest_running_processor_seconds", "The key longest in hand.", names, (gauge) => {
    let longest = 0;
    for (const ms of current()?.workingFor() ?? []) longest = Math.max(longest, ms);
    gauge.set(labels, longest / 1000);
  });
  adds.inc(labels, 0);
  retries.inc(labels, 0);
  return {
    added: () => adds.inc(labels),
    retried: () => retries.inc(labels),
    waited: (ms) => waits.observe(labels, ms / 1000),
    worked: (ms) => work.observe(labels, ms / 1000),
  };
}
