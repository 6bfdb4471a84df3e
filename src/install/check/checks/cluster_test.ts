import assert from "node:assert/strict";
import { type FakeWorld, told, verdicts } from "../testing.ts";
import { aggregationLayer } from "./aggregation_layer.ts";
import { kindsOfOthers } from "./kinds.ts";
import { kubernetesVersion } from "./kubernetes_version.ts";
import { quotas } from "./quotas.ts";
import { rightsToInstall } from "./rights.ts";
import { stuckNamespaces } from "./stuck_namespaces.ts";

const version = (minor: string) => ({
  answers: { "/version": { major: "1", minor, gitVersion: `v1.${Number.parseInt(minor)}.2` } },
});

Deno.test("a version is too old, tested, or newer than those tested", async () => {
  assert.deepEqual(await told(kubernetesVersion, version("29")), [
    "failed: Kubernetes v1.29.2 is too old: 1.30 is the first that the product runs on.",
  ]);
  assert.deepEqual(await told(kubernetesVersion, version("34+")), ["ok: Kubernetes v1.34.2."]);
  assert.deepEqual(await verdicts(kubernetesVersion, version("31")), ["warning"]);
  assert.deepEqual(await verdicts(kubernetesVersion, version("99")), ["warning"]);
  assert.deepEqual(await verdicts(kubernetesVersion, version("x")), ["warning"]);
  assert.deepEqual(await verdicts(kubernetesVersion, { answers: { "/version": "refused" } }), ["unknown"]);
  assert.deepEqual(await verdicts(kubernetesVersion, { answers: { "/version": { odd: true } } }), [
    "unknown",
  ]);
});

Deno.test("the aggregation layer is off where nobody says by whom callers are vouched for", async () => {
  const path = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication";
  const on = { data: { "requestheader-client-ca-file": "-----BEGIN" } };
  assert.deepEqual(await verdicts(aggregationLayer, { answers: { [path]: on } }), ["ok"]);
  assert.deepEqual(await verdicts(aggregationLayer, { answers: { [path]: { data: {} } } }), ["failed"]);
  assert.deepEqual(await verdicts(aggregationLayer, {}), ["failed"]);
  assert.deepEqual(await verdicts(aggregationLayer, { answers: { [path]: "Forbidden" } }), ["unknown"]);
});

Deno.test("missing rights are named, each once", async () => {
  const objects = [
    { apiVersion: "v1", kind: "Service", metadata: { name: "a", namespace: "coder-system" } },
    { apiVersion: "v1", kind: "Service", metadata: { name: "b", namespace: "coder-system" } },
    { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: "c" } },
  ];
  assert.deepEqual(await told(rightsToInstall, { objects }), ["ok: You may do everything in this cluster."]);
  const notAdmin = (more: string) => ({
    objects,
    may: ({ verb }: { verb: string }) => verb !== "*" && verb !== more,
  });
  assert.deepEqual(await verdicts(rightsToInstall, notAdmin("")), ["ok"]);
  assert.deepEqual(await told(rightsToInstall, notAdmin("patch")), [
    "failed: You may not patch services in coder-system, patch clusterroles.rbac.authorization.k8s.io.",
  ]);
  assert.deepEqual(await told(rightsToInstall, notAdmin("escalate")), [
    "failed: You may not escalate clusterroles.rbac.authorization.k8s.io.",
  ]);
});

Deno.test("a kind of others that an overlay uses has to be served", async () => {
  const objects = [
    { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "a" } },
    { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name: "a" } },
    { apiVersion: "cert-manager.io/v1", kind: "Issuer", metadata: { name: "a" } },
    { apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute", metadata: { name: "a" } },
  ];
  assert.deepEqual(await verdicts(kindsOfOthers, { objects }), ["failed", "failed"]);
  const answers = {
    "/apis/cert-manager.io/v1": { resources: [{ kind: "Issuer" }] },
    "/apis/gateway.networking.k8s.io/v1": { resources: [{ kind: "Gateway" }] },
  };
  assert.deepEqual(await told(kindsOfOthers, { objects, answers }), [
    "ok: Issuer of cert-manager.io/v1: served.",
    "failed: HTTPRoute of gateway.networking.k8s.io/v1 is not served, and the chosen overlays use it.",
  ]);
});

Deno.test("a quota has to have room for a pod more than there are", async () => {
  const path = "/api/v1/namespaces/coder-system/resourcequotas";
  const objects = [{
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "a" },
    spec: { replicas: 2 },
  }];
  const withHard = (pods: string): FakeWorld => ({
    objects,
    answers: {
      [path]: { items: [{ metadata: { name: "q" }, status: { hard: { pods }, used: { pods: "1" } } }] },
    },
  });
  assert.deepEqual(await verdicts(quotas, withHard("4")), []);
  assert.deepEqual(await verdicts(quotas, withHard("3")), ["warning"]);
  assert.deepEqual(await verdicts(quotas, { objects }), []);
});

Deno.test("namespaces that wait for our API to be discovered are named", async () => {
  const ending = (name: string, message: string, status = "True") => ({
    metadata: { name, deletionTimestamp: "2026-01-01T00:00:00Z" },
    status: { conditions: [{ type: "NamespaceDeletionDiscoveryFailure", status, message }] },
  });
  const items = [
    ending("one", "unable to retrieve the complete list: aggregation.coder.com/v1alpha1: stale"),
    ending("other", "metrics.k8s.io/v1beta1: stale"),
    ending("fine", "aggregation.coder.com", "False"),
    { metadata: { name: "alive" } },
  ];
  assert.deepEqual(await told(stuckNamespaces, { answers: { "/api/v1/namespaces": { items } } }), [
    "failed: one cannot end: v1alpha1.aggregation.coder.com is registered, and nobody answers.",
  ]);
  assert.deepEqual(await verdicts(stuckNamespaces, { answers: { "/api/v1/namespaces": { items: [] } } }), [
    "ok",
  ]);
});
