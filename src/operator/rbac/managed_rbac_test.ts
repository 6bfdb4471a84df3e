import assert from "node:assert/strict";
import { CoderControlPlanes } from "../../api/control_plane.ts";
import type { Role, RoleBinding } from "../../api/kubernetes/types.ts";
import { make } from "../../reconciler/testing/fakes.ts";
import { isInherited, isManagedBinding, isManagedRole, type RbacOwner } from "./managed_rbac.ts";

const object = make(CoderControlPlanes, "coder", { namespace: "a", uid: "uid-1" });
const labels = { "coder.com/control-plane": "coder", "coder.com/control-plane-namespace": "a" };
const owner: RbacOwner = {
  object,
  namespace: "a",
  uid: "uid-1",
  serviceAccount: "coder",
  labels: { ...labels, "app.kubernetes.io/managed-by": "coder-k8s" },
  marks: labels,
  index: { name: "none", value: "" },
  names: (namespace, account) => ({
    roleName: namespace === "a" ? `${account}-own` : `${account}-87ffeed9-workspace-perms`,
    bindingName: namespace === "a" ? `${account}-own` : `${account}-87ffeed9`,
  }),
};
const uidAnnotation = "coder.com/workspace-rbac-owner-uid";

const role = (metadata: Role["metadata"]): Role => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "Role",
  metadata: { name: "coder-87ffeed9-workspace-perms", namespace: "other", labels, ...metadata },
});
const binding = (metadata: Role["metadata"] = {}, rest: Partial<RoleBinding> = {}): RoleBinding => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "RoleBinding",
  metadata: { name: "coder-87ffeed9", namespace: "other", labels, ...metadata },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "coder-87ffeed9-workspace-perms" },
  subjects: [{ kind: "ServiceAccount", name: "coder", namespace: "a" }],
  ...rest,
});
const controlled = {
  ownerReferences: [{
    apiVersion: object.apiVersion,
    kind: object.kind,
    name: "coder",
    uid: "uid-1",
    controller: true,
  }],
};

Deno.test("what the owner controls is managed, whatever else it says", () => {
  assert.ok(isManagedRole(role({ name: "x", labels: {}, ...controlled }), owner));
  assert.ok(isManagedBinding(binding({ name: "x", labels: {}, ...controlled }), owner));
});

Deno.test("labels together with the owner's UID are managed in every namespace", () => {
  const marked = { name: "x", annotations: { [uidAnnotation]: "uid-1" } };
  for (const namespace of ["a", "other"]) {
    assert.ok(isManagedRole(role({ ...marked, namespace }), owner));
    assert.ok(isManagedBinding(binding({ ...marked, namespace }), owner));
  }
  assert.ok(!isManagedRole(role({ ...marked, labels: { "coder.com/control-plane": "coder" } }), owner));
});

Deno.test("another owner's mark is respected", () => {
  const theirs = { annotations: { [uidAnnotation]: "uid-2" } };
  assert.ok(!isManagedRole(role(theirs), owner));
  assert.ok(!isManagedBinding(binding(theirs), owner));
});

Deno.test("an older role without a mark is known by its name, in other namespaces alone", () => {
  assert.ok(isManagedRole(role({}), owner));
  assert.ok(!isManagedRole(role({ namespace: "a" }), owner));
  assert.ok(!isManagedRole(role({ name: "coder-87ffeed9-mine" }), owner));
  assert.ok(!isManagedRole(role({ labels: {} }), owner));
});

Deno.test("an older binding must bind exactly what the operator would", () => {
  assert.ok(isManagedBinding(binding(), owner));
  const [subject] = binding().subjects ?? [];
  const roleRef = binding().roleRef;
  const others: Partial<RoleBinding>[] = [
    { roleRef: { ...roleRef, name: "admin" } },
    { roleRef: { ...roleRef, kind: "ClusterRole" } },
    { subjects: [] },
    { subjects: [subject!, { kind: "User", name: "eve" }] },
    { subjects: [{ ...subject!, name: "eve" }] },
    { subjects: [{ ...subject!, namespace: "other" }] },
    { subjects: [{ ...subject!, kind: "User" }] },
  ];
  for (const rest of others) assert.ok(!isManagedBinding(binding({}, rest), owner), JSON.stringify(rest));
  assert.ok(!isManagedBinding(binding({ name: "x" }), owner));
  assert.ok(!isManagedBinding(binding({ namespace: "a" }), owner));
});

Deno.test("what an earlier owner of the name left elsewhere is told from what others made", () => {
  const theirs = { annotations: { [uidAnnotation]: "uid-0" } };
  assert.ok(isInherited(role(theirs), owner));
  assert.ok(!isInherited(role({ ...theirs, namespace: "a" }), owner));
  assert.ok(!isInherited(role({}), owner));
  assert.ok(!isInherited(role({ ...theirs, labels: {} }), owner));
  assert.ok(isInherited(role({ annotations: { [uidAnnotation]: "uid-1" }, labels: {} }), owner));
});
