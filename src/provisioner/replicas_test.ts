import assert from "node:assert/strict";
import type { Deployment } from "../api/kubernetes/types.ts";
import { deploymentReplicas, type DeploymentReplicasInput, scaleStatus } from "./replicas.ts";
import { provisioner, type SpecInput } from "./testing.ts";

function live(replicas?: number, annotations: Record<string, string> = {}): Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { annotations },
    spec: { selector: {}, template: {}, ...(replicas !== undefined && { replicas }) },
    status: { replicas: 2 },
  };
}

function replicas(spec: SpecInput, more: Partial<DeploymentReplicasInput> = {}): number | undefined {
  return deploymentReplicas({
    provisioner: provisioner(spec),
    byWork: undefined,
    live: live(4),
    facts: { scaled: false },
    autoscaled: false,
    ...more,
  });
}

Deno.test("there are as many pods as the spec says, none at all included", () => {
  assert.equal(replicas({}), 1);
  assert.equal(replicas({ replicas: 3 }, { live: undefined }), 3);
  assert.equal(replicas({ replicas: 0 }), 0);
});

Deno.test("an autoscaler of Kubernetes has the say, whatever the spec says", () => {
  assert.equal(replicas({ replicas: 3 }, { autoscaled: true }), undefined);
  assert.equal(replicas({ autoscale: { maxReplicas: 5 } }, { autoscaled: true, byWork: 2 }), undefined);
});

Deno.test("a number that was set by hand stays until the spec's own changes", () => {
  const scaled = { facts: { scaled: true } };
  assert.equal(
    replicas({ replicas: 3 }, { ...scaled, live: live(4, { "coder.com/replicas": "3" }) }),
    undefined,
  );
  assert.equal(replicas({ replicas: 3 }, { ...scaled, live: live(4, { "coder.com/replicas": "2" }) }), 3);
});

Deno.test("the number by work is applied, within the limits, in place of the spec's own", () => {
  const spec = { replicas: 9, autoscale: { minReplicas: 2, maxReplicas: 5 } };
  for (const [byWork, expected] of [[0, 2], [3, 3], [8, 5]] as const) {
    assert.equal(replicas(spec, { byWork }), expected);
    assert.equal(replicas(spec, { byWork, facts: { scaled: true } }), expected);
  }
});

Deno.test("until the work is known, the pods that are there stay", () => {
  const spec = { replicas: 9, autoscale: { minReplicas: 0, maxReplicas: 5 } };
  assert.equal(replicas(spec), 4);
  assert.equal(replicas(spec, { live: live(7) }), 5);
  assert.equal(replicas(spec, { live: live() }), 1);
  assert.equal(replicas(spec, { live: undefined }), 0);
  assert.equal(replicas({ autoscale: { maxReplicas: 5 } }, { live: undefined, autoscaled: true }), 1);
});

Deno.test("autoscalers find the pods of a provisioner, and how many there are", () => {
  const selector = "app.kubernetes.io/name=coder-provisioner,app.kubernetes.io/instance=prov," +
    "app.kubernetes.io/managed-by=coder-k8s";
  assert.deepEqual(scaleStatus(provisioner(), live()), { replicas: 2, selector });
  assert.deepEqual(scaleStatus(provisioner(), undefined), { selector });
});
