import assert from "node:assert/strict";
import type { Backend } from "../../inventory/mod.ts";
import { PrometheusMetrics } from "../../telemetry/prometheus.ts";
import { inventoryMetrics } from "./metrics.ts";

Deno.test("each copy's size, age and state are told, and those that are gone are not", async () => {
  const metrics = new PrometheusMetrics();
  const backends: Backend[] = [];
  inventoryMetrics(metrics, { list: () => backends }, () => 60_000);
  const copy = (states: Record<string, object>, workspaces: number) => ({
    state: (kind: string) => states[kind] ?? {},
    workspaces: () => Array(workspaces).keys(),
    templates: () => [],
  });
  backends.push(
    { id: "a/one", copy: copy({ workspaces: { completeAt: 50_000 } }, 3) } as never,
    {
      id: "a/two",
      copy: copy({ workspaces: { completeAt: 20_000, trouble: { failures: 2 } } }, 1),
    } as never,
    { id: "a/three", waiting: "no access yet", copy: copy({}, 0) } as never,
  );
  const samples = async (name: string) =>
    (await metrics.text()).split("\n").filter((line) => line.startsWith(`coder_k8s_inventory_${name}{`))
      .filter((line) => line.includes('kind="workspaces"'))
      .map((line) => line.replace(/^.*coder="([^"]*)".*} /, "$1 "));
  assert.deepEqual(await samples("objects"), ["a/one 3", "a/two 1", "a/three 0"]);
  assert.deepEqual(await samples("age_seconds"), ["a/one 10", "a/two 40"]);
  assert.deepEqual(await samples("up"), ["a/one 1", "a/two 0", "a/three 0"]);
  backends.length = 1;
  assert.deepEqual(await samples("up"), ["a/one 1"]);
  assert.deepEqual(await samples("age_seconds"), ["a/one 10"]);
});
