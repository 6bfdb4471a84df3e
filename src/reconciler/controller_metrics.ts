/** A controller's figures, under the names that controller-runtime's dashboards read. */
import type { Metrics } from "../telemetry/metrics.ts";

/** How a pass ended, as `controller_runtime_reconcile_total` tells it. */
export type PassResult = "success" | "requeue_after" | "requeue" | "error";

const RESULTS: readonly PassResult[] = ["success", "requeue_after", "requeue", "error"];

// deno-fmt-ignore
const PASS_BUCKETS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75,
  2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];

/** What a controller reports. */
export interface ControllerMetrics {
  started(): void;
  ended(result: PassResult, ms: number): void;
  failed(kind: { terminal: boolean; bug: boolean }): void;
  /** A pass reached its deadline. */
  timedOut(): void;
}

/** Registers `controller_runtime_*` for one controller, every series at zero, so that rates work from the start. */
export function controllerMetrics(
  metrics: Metrics,
  controller: string,
  concurrency: number,
  stuck: () => number,
): ControllerMetrics {
  const labels = { controller };
  const count = (name: string, help: string) => {
    const counter = metrics.counter(`controller_runtime_${name}`, help, ["controller"]);
    counter.inc(labels, 0);
    return () => counter.inc(labels);
  };
  const total = metrics.counter("controller_runtime_reconcile_total", "Passes, by result.", [
    "controller",
    "result",
  ]);
  for (const result of RESULTS) total.inc({ controller, result }, 0);
  const errors = count("reconcile_errors_total", "Passes that failed.");
  const terminal = count(
    "terminal_reconcile_errors_total",
    "Passes that failed in a way that retrying cannot help.",
  );
  const panics = count("reconcile_panics_total", "Passes that failed through a mistake in the program.");
  const timeouts = count("reconcile_timeouts_total", "Passes that reached their deadline.");
  const time = metrics.histogram(
    "controller_runtime_reconcile_time_seconds",
    "How long passes took.",
    ["controller"],
    PASS_BUCKETS,
  );
  metrics.gauge("controller_runtime_max_concurrent_reconciles", "The most passes at a time.", ["controller"])
    .set(labels, concurrency);
  const active = metrics.gauge("controller_runtime_active_workers", "Passes in hand.", ["controller"]);
  active.set(labels, 0);
  metrics.gauge(
    "coder_k8s_stuck_reconciles",
    "Passes that went on after their deadline had told them to stop.",
    ["controller"],
    (gauge) => gauge.set(labels, stuck()),
  );
  return {
    started: () => active.inc(labels),
    ended(result, ms) {
      active.dec(labels);
      total.inc({ controller, result });
      time.observe(labels, ms / 1000);
    },
    failed(kind) {
      errors();
      if (kind.terminal) terminal();
      if (kind.bug) panics();
    },
    timedOut: timeouts,
  };
}
