import assert from "node:assert/strict";
import type { HorizontalPodAutoscaler } from "../api/kubernetes/types.ts";
import { resourceText, type ResourceType } from "../api/object.ts";
import type { KindOptions, SharedCache } from "../kube/informer.ts";
import {
  BY_CONTROL_PLANE,
  BY_GRANTEE_UID,
  BY_TARGET,
  controlPlaneOf,
  granteeUids,
  targetDeployment,
  workloadKinds,
} from "./kinds.ts";
import { BY_INSTANCE } from "./provisioner_pods.ts";

function autoscaler(apiVersion: string | undefined, kind: string): HorizontalPodAutoscaler {
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "h", namespace: "a" },
    spec: { maxReplicas: 3, scaleTargetRef: { kind, name: "coder", ...(apiVersion && { apiVersion }) } },
  };
}

/** Notes what is declared. */
function recordingCache() {
  const kinds = new Map<string, KindOptions>();
  const indexes: string[] = [];
  const cache = {
    informer(type: ResourceType, options: KindOptions) {
      kinds.set(resourceText(type), options);
      return { type, addIndex: (name: string) => indexes.push(name) };
    },
  } as unknown as SharedCache;
  return { cache, kinds, indexes };
}

Deno.test("an autoscaler is found by the Deployment it targets", () => {
  assert.deepEqual(targetDeployment(autoscaler("apps/v1", "Deployment")), ["a/coder"]);
  assert.deepEqual(targetDeployment(autoscaler(undefined, "Deployment")), ["a/coder"]);
  assert.deepEqual(targetDeployment(autoscaler("apps/v1", "StatefulSet")), []);
  assert.deepEqual(targetDeployment(autoscaler("example.com/v1", "Deployment")), []);
});

Deno.test("Secrets and ConfigMaps are cached as metadata, children by label", () => {
  const { cache, kinds, indexes } = recordingCache();
  workloadKinds(cache);
  assert.equal(kinds.get("secrets")?.metadataOnly, true);
  assert.equal(kinds.get("configmaps")?.metadataOnly, true);
  assert.equal(kinds.get("serviceaccounts")?.metadataOnly, true);
  assert.equal(kinds.get("serviceaccounts")?.labelSelector, undefined);
  for (const child of ["deployments.apps", "services"]) {
    assert.equal(kinds.get(child)?.labelSelector, "app.kubernetes.io/managed-by=coder-k8s", child);
  }
  assert.deepEqual(indexes, [
    BY_TARGET,
    BY_INSTANCE,
    BY_CONTROL_PLANE,
    BY_CONTROL_PLANE,
    BY_GRANTEE_UID,
    BY_GRANTEE_UID,
  ]);
  assert.ok([...kinds.values()].every((options) => options.namespaces === undefined));
});

Deno.test("a scope applies to every kind that lies in namespaces, and a cache is declared once", () => {
  const { cache, kinds, indexes } = recordingCache();
  const first = workloadKinds(cache, ["a", "b"]);
  for (const [kind, { namespaces }] of kinds) assert.equal(namespaces?.join(), "a,b", kind);
  assert.equal(workloadKinds(cache), first);
  assert.equal(indexes.length, 6);
});

Deno.test("only its target is kept of an autoscaler", () => {
  const { cache, kinds } = recordingCache();
  workloadKinds(cache);
  const transform = kinds.get("horizontalpodautoscalers.autoscaling")?.transform;
  const whole = autoscaler("apps/v1", "Deployment");
  whole.spec!.minReplicas = 2;
  whole.status = { desiredReplicas: 1 };
  assert.deepEqual(transform?.(whole), autoscaler("apps/v1", "Deployment"));
  const { spec: _spec, status: _status, ...bare } = whole;
  assert.deepEqual(transform?.(bare), bare);
});

Deno.test("workspace RBAC is found by the control plane that its labels name", () => {
  const role = (labels?: Record<string, string>) => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: { name: "r", namespace: "other", ...(labels && { labels }) },
  });
  const both = { "coder.com/control-plane": "coder", "coder.com/control-plane-namespace": "a" };
  assert.deepEqual(controlPlaneOf(role(both)), ["a/coder"]);
  assert.deepEqual(controlPlaneOf(role({ "coder.com/control-plane": "coder" })), []);
  assert.deepEqual(controlPlaneOf(role()), []);
});

Deno.test("workspace RBAC is found by the UIDs of whom it is for and of its controller", () => {
  const role = (uid?: string, controller?: string) => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: {
      name: "r",
      ...(uid !== undefined && { annotations: { "coder.com/workspace-rbac-owner-uid": uid } }),
      ownerReferences: [
        { apiVersion: "v1", kind: "Pod", name: "p", uid: "no-controller" },
        ...(controller === undefined
          ? []
          : [{ apiVersion: "v1", kind: "Pod", name: "p", uid: controller, controller: true }]),
      ],
    },
  });
  assert.deepEqual(granteeUids(role("uid-1")), ["uid-1"]);
  assert.deepEqual(granteeUids(role(undefined, "uid-2")), ["uid-2"]);
  assert.deepEqual(granteeUids(role("uid-1", "uid-2")), ["uid-1", "uid-2"]);
  assert.deepEqual(granteeUids(role("uid-1", "uid-1")), ["uid-1"]);
  assert.deepEqual(granteeUids(role()), []);
});

Deno.test("namespaces are watched by an operator of the whole cluster alone", () => {
  const whole = recordingCache();
  assert.equal(workloadKinds(whole.cache).namespaces?.type.kind, "Namespace");
  assert.equal(whole.kinds.get("namespaces")?.metadataOnly, true);
  const scoped = recordingCache();
  assert.equal(workloadKinds(scoped.cache, ["a"]).namespaces, undefined);
  assert.ok(!scoped.kinds.has("namespaces"));
});

Deno.test("of a Gateway only its listeners and addresses are kept", () => {
  const { cache, kinds } = recordingCache();
  workloadKinds(cache);
  const options = kinds.get("gateways.gateway.networking.k8s.io");
  assert.deepEqual([options?.optional, options?.labelSelector], [true, undefined]);
  const gateway = { apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway" };
  const metadata = { name: "edge", namespace: "a", uid: "u", resourceVersion: "7" };
  const listener = { name: "web", protocol: "HTTPS", port: 443, hostname: "*.example.com" };
  const whole = {
    ...gateway,
    metadata: { ...metadata, annotations: { long: "text" } },
    spec: {
      gatewayClassName: "c",
      listeners: [{ ...listener, tls: {} }, { name: "b", protocol: "TCP", port: 1 }],
    },
    status: { addresses: [{ value: "203.0.113.9" }], listeners: [] },
  };
  assert.deepEqual(options?.transform?.(whole), {
    ...gateway,
    metadata,
    spec: { listeners: [listener, { name: "b", protocol: "TCP", port: 1 }] },
    status: { addresses: [{ value: "203.0.113.9" }] },
  });
  assert.deepEqual(options?.transform?.({ ...gateway, metadata: {} }), {
    ...gateway,
    metadata: {},
    spec: { listeners: [] },
  });
});
