import assert from "node:assert/strict";
import { PrometheusMetrics } from "../telemetry/prometheus.ts";
import { createRequestReport } from "./client_metrics.ts";

Deno.test("requests are counted by template, method and code", async () => {
  const metrics = new PrometheusMetrics();
  const report = createRequestReport(metrics);
  report("/api/v2/users/{user}", "GET", 200, 0.02);
  report("/api/v2/users/{user}", "GET", 200, 0.02);
  report("/api/v2/users/{user}", "GET", "<error>", 3);
  const text = await metrics.text();
  assert.match(
    text,
    /coder_k8s_coder_requests_total\{route="\/api\/v2\/users\/\{user\}",method="GET",code="200"\} 2/,
  );
  assert.match(text, /code="<error>"\} 1/);
  assert.match(text, /coder_k8s_coder_request_duration_seconds_count\{route="[^"]+",method="GET"\} 3/);
});

Deno.test("several clients share the same metrics", async () => {
  const metrics = new PrometheusMetrics();
  createRequestReport(metrics)("/healthz", "GET", 200, 0);
  createRequestReport(metrics)("/healthz", "GET", 200, 0);
  assert.match(await metrics.text(), /route="\/healthz",method="GET",code="200"\} 2/);
});

Deno.test("without metrics nothing is counted and nothing fails", () => {
  assert.equal(createRequestReport()("/healthz", "GET", 200, 0), undefined);
});
