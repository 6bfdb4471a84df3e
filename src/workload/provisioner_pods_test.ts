import assert from "node:assert/strict";
import type { Pod } from "../api/kubernetes/types.ts";
import {
  DELETION_COST,
  hasEnded,
  instanceOf,
  isReady,
  KEY_CHECKSUM,
  PROVISIONER_PODS,
  slimPod,
} from "./provisioner_pods.ts";

function pod(metadata: Partial<Pod["metadata"]> = {}, status: Pod["status"] = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p-1", namespace: "a", uid: "u", resourceVersion: "7", ...metadata },
    spec: { containers: [{ name: "provisioner", env: [{ name: "TOKEN", value: "hunter2" }] }] },
    status,
  };
}

const READY = [{ type: "Ready", status: "True" }];

Deno.test("only what is asked of pods is kept", () => {
  const whole = pod({
    labels: { a: "b" },
    annotations: { [KEY_CHECKSUM]: "c", [DELETION_COST]: "-100", other: "x" },
    ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "r", uid: "r" }],
    deletionTimestamp: "2026-01-01T00:00:00Z",
    finalizers: ["x/y"],
  }, {
    phase: "Running",
    podIP: "10.0.0.1",
    conditions: [{ type: "Initialized", status: "True" }, { ...READY[0], lastTransitionTime: "t" }] as never,
  });
  assert.deepEqual(slimPod(whole), {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "p-1",
      namespace: "a",
      uid: "u",
      resourceVersion: "7",
      labels: { a: "b" },
      annotations: { [KEY_CHECKSUM]: "c", [DELETION_COST]: "-100" },
      ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "r", uid: "r" }],
      deletionTimestamp: "2026-01-01T00:00:00Z",
    },
    status: { phase: "Running", conditions: READY },
  });
  assert.deepEqual(slimPod(slimPod(whole)), slimPod(whole), "what is slim stays so");
  assert.deepEqual(slimPod({ apiVersion: "v1", kind: "Pod", metadata: {} }), {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {},
    status: {},
  });
});

Deno.test("pods are found by the instance that they belong to", () => {
  assert.deepEqual(instanceOf(pod({ labels: { "app.kubernetes.io/instance": "prov" } })), ["a/prov"]);
  assert.deepEqual(instanceOf(pod()), []);
  assert.equal(
    PROVISIONER_PODS,
    "app.kubernetes.io/name=coder-provisioner,app.kubernetes.io/managed-by=coder-k8s",
  );
});

Deno.test("a pod that goes is not ready, and one that has ended runs with no key", () => {
  assert.equal(isReady(pod({}, { conditions: READY })), true);
  assert.equal(isReady(pod({ deletionTimestamp: "t" }, { conditions: READY })), false);
  assert.equal(isReady(pod({}, { conditions: [{ type: "Ready", status: "False" }] })), false);
  assert.equal(isReady(pod()), false);
  assert.deepEqual(
    ["Succeeded", "Failed", "Running", "Pending"].map((phase) => hasEnded(pod({}, { phase }))),
    [
      true,
      true,
      false,
      false,
    ],
  );
});
