/** What is counted of sessions. */
import {
  type Counter,
  type Gauge,
  type Histogram,
  type Metrics,
  noMetrics,
} from "../../telemetry/metrics.ts";

export interface Meters {
  readonly active: Gauge;
  readonly created: Counter;
  /** By `reason`: closed, expired, worker_lost, create_failed, abandoned. */
  readonly ended: Counter;
  readonly moved: Counter;
  /** By `tool` and `result`: ok, or the code of what went wrong. */
  readonly calls: Counter;
  readonly seconds: Histogram;
  /** By `reason`: the code, `lost`, or `answer` where it could not be understood. */
  readonly workerErrors: Counter;
  readonly retries: Counter;
  readonly checkpointBytes: Counter;
}

/** From a millisecond to the deadline of a task. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

export function sessionMeters(metrics: Metrics = noMetrics): Meters {
  return {
    active: metrics.gauge("coordinator_sessions_active", "Sessions that are open"),
    created: metrics.counter("coordinator_sessions_created_total", "Sessions that were made"),
    ended: metrics.counter("coordinator_sessions_ended_total", "Sessions that ended, by why", ["reason"]),
    moved: metrics.counter(
      "coordinator_sessions_moved_total",
      "Sessions that went on at another worker with the same storage",
    ),
    calls: metrics.counter("coordinator_tool_calls_total", "Calls of tools in sessions", ["tool", "result"]),
    seconds: metrics.histogram(
      "coordinator_tool_duration_seconds",
      "How long calls of tools took",
      ["tool"],
      BUCKETS,
    ),
    workerErrors: metrics.counter(
      "coordinator_worker_errors_total",
      "Tasks that workers did not carry out, other than for what was asked",
      ["reason"],
    ),
    retries: metrics.counter("coordinator_retries_total", "Tasks that were tried again", ["tool"]),
    checkpointBytes: metrics.counter(
      "coordinator_checkpoint_bytes_total",
      "Bytes of checkpoints that were written and read",
      ["direction"],
    ),
  };
}
