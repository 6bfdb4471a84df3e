/** Metrics of calls to Coder, by route template: never by object, user or address. */
import { type Metrics, noMetrics } from "../telemetry/metrics.ts";

/** Reports one exchange; `code` is the HTTP status, or `<error>` where no answer came. */
export type ReportRequest = (
  route: string,
  method: string,
  code: number | "<error>",
  seconds: number,
) => void;

const LATENCY_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createRequestReport(metrics: Metrics = noMetrics): ReportRequest {
  const labels = ["route", "method", "code"];
  const requests = metrics.counter(
    "coder_k8s_coder_requests_total",
    "Requests sent to Coder, by path template, method and status; <error> where no answer came.",
    labels,
  );
  const duration = metrics.histogram(
    "coder_k8s_coder_request_duration_seconds",
    "How long Coder took to answer, until the whole answer was read, in seconds.",
    ["route", "method"],
    LATENCY_BUCKETS,
  );
  return (route, method, code, seconds) => {
    requests.inc({ route, method, code: String(code) });
    duration.observe({ route, method }, seconds);
  };
}
