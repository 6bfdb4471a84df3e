/** What a process of sandbox sessions shows of itself: metrics, health, traces. */
import { Health } from "../../telemetry/health.ts";
import { LoopMonitor } from "../../telemetry/loop_monitor.ts";
import { metricsHandler } from "../../telemetry/metrics_endpoint.ts";
import { registerProcessMetrics } from "../../telemetry/process_metrics.ts";
import { openTracing } from "../../telemetry/otlp.ts";
import { readOtlpSettings } from "../../telemetry/otlp_settings.ts";
import { PrometheusMetrics } from "../../telemetry/prometheus.ts";
import type { Tracer } from "../../telemetry/tracing.ts";
import type { BindAddress } from "../../telemetry/bind_address.ts";
import type { RunOptions } from "../app.ts";
import { registerBuild } from "../build_metric.ts";
import { listen } from "../listen.ts";
import { buildInfo } from "../version.ts";
import type { Ends } from "./ends.ts";

export interface Observed {
  readonly metrics: PrometheusMetrics;
  readonly health: Health;
  /** On where the environment names a collector. */
  readonly tracer: Tracer;
}

/**
 * Makes them; metrics are served at once, where they have an address.
 * @throws where variables of OpenTelemetry have a value that cannot be
 */
export function openObserved(
  { metricsBindAddress }: { readonly metricsBindAddress: BindAddress | null },
  { log, redactor, environment }: Pick<RunOptions, "log" | "redactor" | "environment">,
  serviceName: string,
  ends: Ends,
): Observed {
  const metrics = new PrometheusMetrics({
    onCollectFailure: (metric, error) => log.warn("a metric could not be read", { metric, error }),
  });
  registerProcessMetrics(metrics);
  registerBuild(metrics);
  const { version: serviceVersion } = buildInfo();
  const settings = readOtlpSettings((name) => environment[name], { serviceName, serviceVersion });
  for (const value of Object.values(settings?.headers ?? {})) redactor.add(value);
  const tracing = openTracing({ settings, log, metrics });
  const health = new Health({ redact: (text) => redactor.text(text) });
  const loops = new LoopMonitor({ metrics });
  health.add("liveness", "event-loop", () => loops.check());
  const stop = new AbortController();
  loops.start(stop.signal);
  ends.add("signs of life", () => stop.abort());
  if (metricsBindAddress !== null) {
    const handler = metricsHandler({ metrics, log });
    const server = listen({ name: "metrics", address: metricsBindAddress, handler, log });
    ends.add("metrics", () => server.close());
  }
  // Begun last, ended first of these, and after all that makes spans.
  ends.add("traces", () => tracing.close());
  return { metrics, health, tracer: tracing.tracer };
}
