import assert from "node:assert/strict";
import type { Deployment } from "../../api/kubernetes/types.ts";
import { toolRig } from "../testing.ts";
import { getControlPlaneDeploymentStatus } from "./deployments.ts";
import { platformCluster } from "./platform_testing.ts";

const control = {
  apiVersion: "coder.com/v1alpha1",
  kind: "CoderControlPlane",
  metadata: { namespace: "lab", name: "main", uid: "uid-1" },
};
const owner = { apiVersion: control.apiVersion, kind: control.kind, name: "main", controller: true };
const deployment = (uid: string | undefined, more: Partial<Deployment> = {}): Deployment => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: {
    namespace: "lab",
    name: "main",
    generation: 7,
    ...(uid === undefined ? {} : { ownerReferences: [{ ...owner, uid }] }),
  },
  ...more,
});
const args = { namespace: "lab", name: "main" };

Deno.test("a rollout is told in numbers, its conditions by type", async () => {
  const object = deployment("uid-1", {
    spec: { replicas: 3, selector: {}, template: {} },
    status: {
      observedGeneration: 7,
      replicas: 3,
      readyReplicas: 2,
      updatedReplicas: 3,
      availableReplicas: 2,
      unavailableReplicas: 1,
      conditions: [
        { type: "Progressing", status: "True", reason: "ReplicaSetUpdated", message: "it goes on" },
        { type: "Available", status: "False", lastUpdateTime: "2026-01-01T00:00:00Z" },
      ],
    },
  });
  const rig = toolRig({ cluster: platformCluster({ objects: [control, object] }) });
  const { output } = await rig.run(getControlPlaneDeploymentStatus, args);
  assert.deepEqual(output, {
    namespace: "lab",
    name: "main",
    replicas: 3,
    readyReplicas: 2,
    updatedReplicas: 3,
    availableReplicas: 2,
    unavailableReplicas: 1,
    observedGeneration: 7,
    conditions: [
      { type: "Available", status: "False", lastUpdateTime: "2026-01-01T00:00:00Z" },
      { type: "Progressing", status: "True", reason: "ReplicaSetUpdated", message: "it goes on" },
    ],
  });
});

Deno.test("a Deployment that Kubernetes has not looked at yet counts as nothing, and says so", async () => {
  const rig = toolRig({ cluster: platformCluster({ objects: [control, deployment("uid-1")] }) });
  const { output } = await rig.run(getControlPlaneDeploymentStatus, args);
  assert.deepEqual([output["replicas"], output["readyReplicas"], output["conditions"]], [0, 0, []]);
  assert.deepEqual(output["warnings"], ["Kubernetes has not handled the newest spec yet"]);
});

Deno.test("somebody else's Deployment of the same name is not shown", async () => {
  for (const uid of [undefined, "uid-2"]) {
    const rig = toolRig({ cluster: platformCluster({ objects: [control, deployment(uid)] }) });
    const error = await rig.refuses(getControlPlaneDeploymentStatus, args);
    assert.equal(error.code, "not_found");
    assert.match(error.message, /^get deployment lab\/main: .* does not belong to the CoderControlPlane$/);
  }
});

Deno.test("without a control plane, or without a Deployment, there is an error that says which", async () => {
  const alone = toolRig({ cluster: platformCluster({ objects: [deployment("uid-1")] }) });
  assert.equal(
    (await alone.refuses(getControlPlaneDeploymentStatus, args)).message,
    'get deployment lab/main: codercontrolplanes.coder.com "main" not found',
  );
  const bare = toolRig({ cluster: platformCluster({ objects: [control] }) });
  assert.equal(
    (await bare.refuses(getControlPlaneDeploymentStatus, args)).message,
    'get deployment lab/main: deployments.apps "main" not found',
  );
});
