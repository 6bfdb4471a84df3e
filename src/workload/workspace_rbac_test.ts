import assert from "node:assert/strict";
import { desiredRole, desiredRoleBinding, namesIn, standardRules } from "./workspace_rbac.ts";

const verbs = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
const labels = {
  "app.kubernetes.io/name": "coder-control-plane",
  "app.kubernetes.io/instance": "coder",
  "app.kubernetes.io/managed-by": "coder-k8s",
  "coder.com/control-plane": "coder",
  "coder.com/control-plane-namespace": "a",
};
const grantee = {
  namespace: "a",
  uid: "uid-1",
  serviceAccount: "runner",
  labels,
  names: (namespace: string, account: string) => ({
    roleName: `${account}-${namespace}-workspace-perms`,
    bindingName: `${account}-${namespace}`,
  }),
};
const annotations = { "coder.com/workspace-rbac-owner-uid": "uid-1" };

Deno.test("the standard rules are the Go operator's, in its order", () => {
  const pods = { apiGroups: [""], resources: ["pods"], verbs };
  const volumes = { apiGroups: [""], resources: ["persistentvolumeclaims"], verbs };
  const deployments = { apiGroups: ["apps"], resources: ["deployments"], verbs };
  assert.deepEqual(standardRules(true), [pods, volumes, deployments]);
  assert.deepEqual(standardRules(false), [pods, volumes]);
});

Deno.test("a Role carries its rules, the labels and the UID of whom it is for", () => {
  const rules = standardRules(false);
  assert.deepEqual(desiredRole(grantee, "other", rules), {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: { name: "runner-other-workspace-perms", namespace: "other", labels, annotations },
    rules,
  });
});

Deno.test("a RoleBinding binds the Role to the one ServiceAccount in the namespace of whom it is for", () => {
  assert.deepEqual(desiredRoleBinding(grantee, "other"), {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: "runner-other", namespace: "other", labels, annotations },
    roleRef: {
      apiGroup: "rbac.authorization.k8s.io",
      kind: "Role",
      name: "runner-other-workspace-perms",
    },
    subjects: [{ kind: "ServiceAccount", name: "runner", namespace: "a" }],
  });
});

Deno.test("names are those of the present ServiceAccount", () => {
  assert.deepEqual(namesIn(grantee, "x"), {
    roleName: "runner-x-workspace-perms",
    bindingName: "runner-x",
  });
});
