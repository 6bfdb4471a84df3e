import assert from "node:assert/strict";
import { createClientMetrics } from "./client_metrics.ts";
import { CountingMetrics } from "../testing/counting_metrics.ts";

Deno.test("requests are counted and timed under client-go's names", () => {
  const metrics = new CountingMetrics();
  const client = createClientMetrics("10.0.0.1:443", metrics);
  client.requested("GET", 200, 0.01);
  client.requested("GET", 200, 0.02);
  client.requested("PUT", "<error>", 5);
  const host = "10.0.0.1:443";
  assert.equal(metrics.get("rest_client_requests_total", { code: "200", method: "GET", host }), 2);
  assert.equal(metrics.get("rest_client_requests_total", { code: "<error>", method: "PUT", host }), 1);
  assert.equal(metrics.get("rest_client_request_duration_seconds", { verb: "GET", host }), 2);
});

Deno.test("waiting for the rate limit is timed", () => {
  const metrics = new CountingMetrics();
  createClientMetrics("h", metrics).limited("GET", 0.5);
  assert.equal(metrics.get("rest_client_rate_limiter_duration_seconds", { verb: "GET", host: "h" }), 1);
});

Deno.test("without a registry nothing is counted and nothing fails", () => {
  const client = createClientMetrics("h");
  assert.doesNotThrow(() => client.requested("GET", 200, 1));
  assert.doesNotThrow(() => client.limited("GET", 1));
});
