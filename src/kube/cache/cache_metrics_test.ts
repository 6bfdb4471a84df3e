import assert from "node:assert/strict";
import type { Gauge, Labels, Metrics } from "../../telemetry/metrics.ts";
import { cacheMetrics, type MeasuredKind } from "./cache_metrics.ts";

/** Counts like the real thing, as text: `name{label=value}` to value. */
function counting() {
  const values: Record<string, number> = {};
  const collectors: (() => void)[] = [];
  const names: string[] = [];
  const id = (name: string, labels: Labels = {}) =>
    `${name}{${Object.entries(labels).map((pair) => pair.join("=")).join(",")}}`;
  const metrics: Metrics = {
    counter: (name, _help, labelNames = []) => {
      names.push(name);
      return {
        inc: (labels = {}, value = 1) => {
          assert.deepEqual(Object.keys(labels), labelNames, name);
          values[id(name, labels)] = (values[id(name, labels)] ?? 0) + value;
        },
      };
    },
    gauge: (name, _help, labelNames = [], collect) => {
      names.push(name);
      const gauge: Gauge = {
        set: (labels, value) => {
          assert.deepEqual(Object.keys(labels), labelNames, name);
          values[id(name, labels)] = value;
        },
        inc: () => {},
        dec: () => {},
        remove: () => {},
      };
      if (collect) collectors.push(() => collect(gauge));
      return gauge;
    },
    histogram: () => assert.fail("no histogram is wanted"),
  };
  return { metrics, values, names, scrape: () => collectors.forEach((collect) => collect()) };
}

Deno.test("a scrape reads size, state and last sign of life of every kind", () => {
  const kinds: MeasuredKind[] = [
    { resource: "pods", size: 12, hasSynced: true, silentMs: 2500 },
    { resource: "secrets", size: 0, hasSynced: false, silentMs: undefined },
  ];
  const { metrics, values, scrape } = counting();
  cacheMetrics(metrics, () => kinds);
  assert.deepEqual(values, {});
  scrape();
  assert.deepEqual(values, {
    "coder_k8s_cache_objects{resource=pods}": 12,
    "coder_k8s_cache_objects{resource=secrets}": 0,
    "coder_k8s_cache_synced{resource=pods}": 1,
    "coder_k8s_cache_synced{resource=secrets}": 0,
    "coder_k8s_cache_last_event_age_seconds{resource=pods}": 2.5,
  });
});

Deno.test("everything that happens to a kind is counted under its name", () => {
  const { metrics, values } = counting();
  const pods = cacheMetrics(metrics, () => []).kind("pods");
  pods.listed("watchlist", "ok");
  pods.listed("list", "forbidden");
  pods.watchOpened();
  pods.watchOpened();
  pods.restarted("expired");
  pods.event("BOOKMARK");
  pods.handlerFailed();
  pods.objectRefused();
  assert.deepEqual(values, {
    "coder_k8s_cache_lists_total{resource=pods,mode=watchlist,result=ok}": 1,
    "coder_k8s_cache_lists_total{resource=pods,mode=list,result=forbidden}": 1,
    "coder_k8s_cache_watches_total{resource=pods}": 2,
    "coder_k8s_cache_watch_restarts_total{resource=pods,reason=expired}": 1,
    "coder_k8s_cache_events_total{resource=pods,type=BOOKMARK}": 1,
    "coder_k8s_cache_handler_errors_total{resource=pods}": 1,
    "coder_k8s_cache_object_errors_total{resource=pods}": 1,
  });
});

Deno.test("every metric has a name of its own under the cache's prefix", () => {
  const { metrics, names } = counting();
  cacheMetrics(metrics, () => []);
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.every((name) => name.startsWith("coder_k8s_cache_")), names.join(" "));
});
