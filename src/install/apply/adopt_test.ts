import assert from "node:assert/strict";
import type { ManagedFieldsEntry } from "../../api/kubernetes/types.ts";
import type { KubeObject } from "../../api/object.ts";
import { keeperOf, planAdoption } from "./adopt.ts";
import { INSTALL_MANAGER } from "./objects.ts";

const entry = (manager: string, operation: string, fieldsV1: object, more: object = {}): ManagedFieldsEntry =>
  ({ manager, operation, apiVersion: "v1", fieldsType: "FieldsV1", fieldsV1, ...more }) as ManagedFieldsEntry;
const object = (managedFields: ManagedFieldsEntry[], metadata: object = {}): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "x", resourceVersion: "7", managedFields, ...metadata },
});

Deno.test("appliers of whole manifests are followed: their fields become ours, beside those that are", () => {
  const status = entry("kube-controller-manager", "Update", { "f:status": {} }, { subresource: "status" });
  const hand = entry("kubectl-edit", "Update", { "f:data": { "f:hand": {} } });
  const plan = planAdoption(
    object([
      entry(INSTALL_MANAGER, "Apply", { "f:data": { "f:a": {} } }),
      entry("kubectl-client-side-apply", "Update", { "f:data": { "f:b": {} } }),
      entry("kubectl", "Apply", { "f:data": { "f:c": {} } }),
      hand,
      status,
    ]),
    false,
  );
  assert.deepEqual(plan?.from, ["kubectl-client-side-apply", "kubectl"]);
  assert.deepEqual(plan?.patch, [
    { op: "test", path: "/metadata/resourceVersion", value: "7" },
    {
      op: "replace",
      path: "/metadata/managedFields",
      value: [
        hand,
        status,
        entry(INSTALL_MANAGER, "Apply", { "f:data": { "f:a": {}, "f:b": {}, "f:c": {} } }),
      ],
    },
  ]);
});

Deno.test("nobody is followed where nobody has applied, and Helm and GitOps tools only where that is asked for", () => {
  assert.equal(planAdoption(object([]), true), undefined);
  assert.equal(planAdoption(object([entry(INSTALL_MANAGER, "Apply", {})]), true), undefined);
  assert.equal(planAdoption(object([entry("kubectl-edit", "Update", { "f:data": {} })]), true), undefined);
  assert.equal(
    planAdoption(object([entry("kubectl", "Update", { "f:data": {} })]), true),
    undefined,
    "kubectl scale",
  );
  const helm = object([entry("helm", "Update", { "f:data": {} })]);
  assert.equal(planAdoption(helm, false), undefined);
  assert.deepEqual(planAdoption(helm, true)?.from, ["helm"]);
});

Deno.test("an entry without fields leaves none", () => {
  const plan = planAdoption(object([entry("kubectl", "Apply", {})]), false);
  assert.deepEqual(plan?.patch[1], { op: "replace", path: "/metadata/managedFields", value: [] });
});

Deno.test("who keeps an object is told by its labels and annotations", () => {
  const keeper = (metadata: object) => keeperOf(object([], metadata));
  assert.equal(keeper({}), undefined);
  assert.equal(keeper({ labels: { "app.kubernetes.io/managed-by": "coder-k8s" } }), undefined);
  assert.equal(
    keeper({
      labels: { "app.kubernetes.io/managed-by": "Helm" },
      annotations: { "meta.helm.sh/release-name": "r", "meta.helm.sh/release-namespace": "n" },
    }),
    "the Helm release n/r",
  );
  assert.equal(
    keeper({ annotations: { "argocd.argoproj.io/tracking-id": "stack:apps/Deployment:n/x" } }),
    "Argo CD's application stack",
  );
  assert.equal(keeper({ labels: { "argocd.argoproj.io/instance": "stack" } }), "Argo CD's application stack");
  assert.equal(keeper({ labels: { "kustomize.toolkit.fluxcd.io/name": "apps" } }), "Flux's apps");
});
