import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import { INSTALL_MANAGER, labelled } from "./objects.ts";
import { isInstalled, isOurs, otherHome } from "./ours.ts";

Deno.test("a role that others have under the same name is ours by the label or by what it says", () => {
  const role = (labels: Record<string, string>, apiGroups: string[], name = "manager-role") =>
    ({
      apiVersion: "v1",
      kind: "ClusterRole",
      metadata: { name, labels },
      rules: [{ apiGroups }],
    }) as KubeObject;
  assert.ok(isOurs(role({ "app.kubernetes.io/managed-by": "coder-k8s" }, [])));
  assert.ok(isOurs(role({}, ["", "coder.com"])));
  assert.ok(!isOurs(role({}, ["example.com"])));
  assert.ok(isOurs(role({}, [], "coder-k8s-apiserver")));
});

Deno.test("installed is what carries the label and was applied by an installation", () => {
  const object = (labels: Record<string, string>, manager?: string, operation = "Apply") =>
    ({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "s", labels, ...(manager ? { managedFields: [{ manager, operation }] } : {}) },
    }) as KubeObject;
  assert.ok(isInstalled(labelled(object({}, INSTALL_MANAGER))));
  assert.ok(!isInstalled(labelled(object({}, "coder-k8s"))), "the operator's own");
  assert.ok(!isInstalled(labelled(object({}, INSTALL_MANAGER, "Update"))));
  assert.ok(!isInstalled(labelled(object({}))));
  assert.ok(!isInstalled(object({}, INSTALL_MANAGER)), "the label was taken off");
});

Deno.test("a cluster-wide object says which namespace its installation is in", () => {
  const binding = (...subjects: object[]) =>
    ({ apiVersion: "v1", kind: "ClusterRoleBinding", metadata: { name: "b" }, subjects }) as KubeObject;
  const account = (namespace: string, name = "coder-k8s") => ({ kind: "ServiceAccount", name, namespace });
  assert.equal(otherHome(binding(account("a")), "b"), "a");
  assert.equal(otherHome(binding(account("a")), "a"), undefined);
  assert.equal(otherHome(binding(account("a"), account("b", "coder-k8s-mcp")), "b"), undefined);
  assert.equal(otherHome(binding(), "b"), undefined, "bound to nobody");
  assert.equal(otherHome(binding(account("kube-system", "generic-garbage-collector")), "b"), undefined);
  assert.equal(otherHome({ ...binding(account("a")), kind: "RoleBinding" }, "b"), undefined);
  const service = (spec: object) =>
    ({ apiVersion: "v1", kind: "APIService", metadata: { name: "s" }, spec }) as unknown as KubeObject;
  assert.equal(otherHome(service({ service: { namespace: "a" } }), "b"), "a");
  assert.equal(otherHome(service({ service: { namespace: "a" } }), "a"), undefined);
  assert.equal(otherHome(service({}), "b"), undefined);
});
