import assert from "node:assert/strict";
import type { Condition, Deployment } from "../api/kubernetes/types.ts";
import type { CoderWorkspaceProxy } from "../api/workspace_proxy.ts";
import {
  finalizerMayStayMs,
  GIVE_UP_ANNOTATION,
  isHeldForCoder,
  isOrphaning,
  podsMayRunMs,
  PROXY_FINALIZER,
  removalSince,
} from "./ending.ts";
import { LABELS } from "./testing.ts";

const BEGIN = "2026-01-01T00:00:00Z";
const TERMINATING: Condition = {
  type: "Terminating",
  status: "True",
  reason: "PodsEnding",
  message: "",
  lastTransitionTime: BEGIN,
};
const at = (seconds: number) => new Date(Date.parse(BEGIN) + seconds * 1_000);

function proxy(metadata: Partial<CoderWorkspaceProxy["metadata"]> = {}, spec = {}): CoderWorkspaceProxy {
  return {
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderWorkspaceProxy",
    metadata: { name: "eu", namespace: "a", deletionTimestamp: "2025-01-01T00:00:00Z", ...metadata },
    spec,
    status: { conditions: [TERMINATING] },
  };
}

function deployment(metadata: Deployment["metadata"] = {}, seconds?: number): Deployment {
  const spec = { containers: [], ...(seconds !== undefined && { terminationGracePeriodSeconds: seconds }) };
  return { apiVersion: "apps/v1", kind: "Deployment", metadata, spec: { selector: {}, template: { spec } } };
}

Deno.test("only our finalizer holds a proxy for Coder", () => {
  assert.equal(isHeldForCoder(proxy()), false);
  assert.equal(isHeldForCoder(proxy({ finalizers: ["example.com/x"] })), false);
  assert.equal(isHeldForCoder(proxy({ finalizers: ["example.com/x", PROXY_FINALIZER] })), true);
});

Deno.test("pods have their grace period and a minute", () => {
  assert.equal(podsMayRunMs(proxy(), deployment(), at(0)), 90_000);
  assert.equal(podsMayRunMs(proxy(), deployment({}, 600), at(60)), 600_000);
  assert.equal(podsMayRunMs(proxy(), deployment(), at(90)), 0);
  assert.equal(podsMayRunMs(proxy(), undefined, at(0)), 0);
  const givenUp = proxy({ annotations: { [GIVE_UP_ANNOTATION]: "true" } });
  assert.equal(podsMayRunMs(givenUp, deployment(), at(0)), 0);
});

Deno.test("the removal counts from then on, whenever the pods ended, and visits give up before passes do", () => {
  assert.deepEqual(removalSince(proxy(), at(0)), at(90));
  assert.deepEqual(removalSince(proxy({}, { terminationGracePeriodSeconds: 600 }), at(5_000)), at(660));
  assert.equal(finalizerMayStayMs(proxy(), at(0)), (30 + 120 + 600) * 1_000);
  assert.equal(finalizerMayStayMs(proxy({}, { terminationGracePeriodSeconds: "x" }), at(750)), 0);
});

Deno.test("children stay where Kubernetes is told to leave them, or has left them", () => {
  assert.equal(isOrphaning(proxy(), undefined), false);
  assert.equal(isOrphaning(proxy({ finalizers: ["orphan"] }), undefined), true);
  assert.equal(isOrphaning(proxy(), deployment({ labels: LABELS })), true);
  assert.equal(isOrphaning(proxy(), deployment({ labels: { ...LABELS, more: "x" } })), true);
  assert.equal(isOrphaning(proxy(), deployment()), false, "it was never ours");
  assert.equal(isOrphaning(proxy(), deployment({ labels: LABELS, deletionTimestamp: BEGIN })), false);
  const owner = { apiVersion: "v1", kind: "X", name: "x", uid: "x", controller: true };
  assert.equal(isOrphaning(proxy(), deployment({ labels: LABELS, ownerReferences: [owner] })), false);
});
