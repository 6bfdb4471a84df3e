/** Metrics of API server calls, under the names that controller-runtime and client-go use. */
import { type Metrics, noMetrics } from "../../telemetry/metrics.ts";

/** What one client reports. */
export interface ClientMetrics {
  /** One answered or failed request; `code` is the HTTP status, or `<error>` where no answer came. */
  requested(method: string, code: number | "<error>", seconds: number): void;
  /** How long the client-side rate limit held one call back. */
  limited(method: string, seconds: number): void;
}

const LATENCY_BUCKETS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];

/** The metrics of a client of `host`. */
export function createClientMetrics(host: string, metrics: Metrics = noMetrics): ClientMetrics {
  const requests = metrics.counter(
    "rest_client_requests_total",
    "Number of HTTP requests, partitioned by status code, method, and host.",
    ["code", "method", "host"],
  );
  const duration = metrics.histogram(
    "rest_client_request_duration_seconds",
    "Request latency in seconds, until the whole answer (of a watch: its headers) is there.",
    ["verb", "host"],
    LATENCY_BUCKETS,
  );
  const limiter = metrics.histogram(
    "rest_client_rate_limiter_duration_seconds",
    "Time that the client-side rate limit held calls back, in seconds.",
    ["verb", "host"],
    LATENCY_BUCKETS,
  );
  return {
    requested(method, code, seconds) {
      requests.inc({ code: String(code), method, host });
      duration.observe({ verb: method, host }, seconds);
    },
    limited(method, seconds) {
      limiter.observe({ verb: method, host }, seconds);
    },
  };
}
