import assert from "node:assert/strict";
import { conditionEvidence, provisionerView, refusal } from "./provisioner_view.ts";

Deno.test("a provisioner is read with the defaults of its spec", () => {
  const view = provisionerView({
    metadata: { namespace: "lab", name: "gpu" },
    spec: { controlPlaneRef: { name: "coder" } },
  });
  assert.equal(view.ref, "lab/gpu");
  assert.deepEqual(view.controlPlane, { namespace: "lab", name: "coder", ref: "lab/coder" });
  assert.deepEqual([view.organization, view.deployment, view.replicas], ["default", "provisioner-gpu", 1]);
  assert.deepEqual(view.key, {
    name: "",
    isBrought: false,
    secret: "gpu-provisioner-key",
    dataKey: "key",
    createdAt: 0,
  });
});

Deno.test("what the spec and the status say goes before the defaults", () => {
  const view = provisionerView({
    metadata: { namespace: "lab", name: "gpu", deletionTimestamp: "2026-11-22T08:00:00Z" },
    spec: {
      controlPlaneRef: { namespace: "core", name: "coder" },
      organizationName: "wanted",
      autoscale: { minReplicas: 0, maxReplicas: 4 },
      image: "x:1",
      key: { existingSecret: "mine", secretKey: "token" },
    },
    status: {
      organizationName: "present",
      image: "x:2",
      readyReplicas: 3,
      key: { createdAt: "2026-11-22T07:00:00Z" },
    },
  });
  assert.equal(view.controlPlane.ref, "core/coder");
  assert.equal(view.organization, "present");
  assert.deepEqual([view.replicas, view.mostReplicas, view.ready], [undefined, 4, 3]);
  assert.deepEqual([view.image, view.runs], ["x:1", "x:2"]);
  assert.equal(view.deletingSince, Date.UTC(2026, 10, 22, 8));
  assert.deepEqual(view.key, {
    name: "",
    isBrought: true,
    secret: "mine",
    dataKey: "token",
    createdAt: Date.UTC(2026, 10, 22, 7),
  });
});

Deno.test("what is of no shape is a provisioner of which nothing is known", () => {
  for (const odd of [undefined, null, 7, "x", [], { metadata: 3, spec: [], status: { conditions: {} } }]) {
    const view = provisionerView(odd);
    assert.deepEqual([view.name, view.conditions, view.ready, view.tags], ["", [], 0, {}]);
  }
});

Deno.test("a condition that is false is found by its type and its reason, and quoted with its time", () => {
  const at = "2026-11-22T08:00:00Z";
  const { conditions } = provisionerView({
    status: {
      conditions: [
        { type: "Ready", status: "False", reason: "KeyAwaited", message: "it waits", lastTransitionTime: at },
        { type: "Available", status: "True", reason: "PodsAvailable" },
      ],
    },
  });
  const ready = refusal({ conditions }, "Ready", ["Other", "KeyAwaited"]);
  assert.ok(ready !== undefined);
  assert.deepEqual(conditionEvidence("provisioner lab/gpu", ready), {
    source: "condition Ready of provisioner lab/gpu",
    at,
    quote: "KeyAwaited: it waits",
  });
  assert.deepEqual(conditionEvidence("x", { ...ready, at: 0 }), {
    source: "condition Ready of x",
    quote: "KeyAwaited: it waits",
  });
  assert.equal(refusal({ conditions }, "Ready", ["Other"]), undefined);
  assert.equal(refusal({ conditions }, "Available"), undefined);
  assert.equal(refusal({ conditions }, "Degraded"), undefined);
});
