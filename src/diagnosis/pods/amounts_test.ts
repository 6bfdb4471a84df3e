import assert from "node:assert/strict";
import { amount, amountText, nodeView, requestOf } from "./amounts.ts";
import { podView } from "./pod_view.ts";
import { pod } from "./testing.ts";

Deno.test("quantities are numbers", () => {
  assert.deepEqual(["500m", "2", "1Gi", "1e3", undefined, "much"].map(amount), [
    0.5,
    2,
    1024 ** 3,
    1000,
    undefined,
    undefined,
  ]);
});

Deno.test("amounts are said as people write them", () => {
  assert.deepEqual(
    [
      amountText("cpu", 0.5),
      amountText("cpu", 64),
      amountText("memory", 16 * 1024 ** 3),
      amountText("memory", 5000 * 1024 ** 3),
      amountText("memory", 16393244 * 1024),
      amountText("ephemeral-storage", 512),
      amountText("nvidia.com/gpu", 1),
    ],
    ["500m", "64", "16Gi", "5000Gi", "15.6Gi", "512", "1"],
  );
});

Deno.test("what a pod asks for is what the scheduler counts", () => {
  const container = (name: string, cpu: string, more: object = {}) => ({
    name,
    resources: { requests: { cpu } },
    ...more,
  });
  const of = (spec: object) => requestOf(podView(pod({ spec })), "cpu");
  assert.equal(of({ containers: [container("a", "500m"), container("b", "1")] }), 1.5);
  assert.equal(
    of({ containers: [container("a", "1")], initContainers: [container("i", "4"), container("j", "2")] }),
    4,
  );
  const sidecar = container("s", "1", { restartPolicy: "Always" });
  assert.equal(of({ containers: [container("a", "1")], initContainers: [sidecar, container("i", "2")] }), 3);
  assert.equal(
    of({ containers: [{ name: "a", resources: { limits: { cpu: "2" } } }], overhead: { cpu: "250m" } }),
    2.25,
  );
  assert.equal(requestOf(podView(pod()), "pods"), 1);
});

Deno.test("a node of any shape is read", () => {
  assert.deepEqual(nodeView(null), {
    name: "",
    labels: {},
    taints: [],
    isCordoned: false,
    allocatable: {},
    conditions: [],
  });
  const node = nodeView({
    metadata: { name: "n", labels: { zone: "a", odd: {} } },
    spec: { taints: [{ key: "gpu", effect: "NoSchedule" }, 7], unschedulable: true },
    status: { allocatable: { cpu: 4 }, conditions: [{ type: "Ready", status: "True" }] },
  });
  assert.deepEqual(node.labels, { zone: "a" });
  assert.deepEqual(node.taints.map(({ key, effect }) => `${key}:${effect}`), ["gpu:NoSchedule", ":"]);
  assert.deepEqual([node.isCordoned, node.allocatable["cpu"], node.conditions[0]!.type], [
    true,
    "4",
    "Ready",
  ]);
});
