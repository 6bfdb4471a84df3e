import assert from "node:assert/strict";
import type { CoderControlPlane } from "../../api/control_plane.ts";
import { storedControlPlane } from "../testing.ts";
import { rbacOwner } from "./owner.ts";

const names = (account: string, owner = rbacOwner(storedControlPlane())) => owner.names("b", account);

Deno.test("names follow the service account, and a blank one falls back to the control plane", () => {
  const named = rbacOwner(storedControlPlane({ serviceAccount: { name: " runner " } }));
  assert.equal(named.serviceAccount, "runner");
  assert.deepEqual(names(named.serviceAccount, named), {
    roleName: "runner-87ffeed9-workspace-perms",
    bindingName: "runner-87ffeed9",
  });
  assert.equal(rbacOwner(storedControlPlane({ serviceAccount: { name: "  " } })).serviceAccount, "coder");
});

Deno.test("the names of an earlier service account are known, and are the same in every namespace", () => {
  const named = rbacOwner(storedControlPlane({ serviceAccount: { name: "runner" } }));
  assert.deepEqual(named.names("a", "coder"), names("coder"));
});

Deno.test("labels and index lead from the control plane to its RBAC", () => {
  const { labels, marks, index } = rbacOwner(storedControlPlane());
  assert.deepEqual(marks, { "coder.com/control-plane": "coder", "coder.com/control-plane-namespace": "a" });
  assert.deepEqual(labels, {
    "app.kubernetes.io/name": "coder-control-plane",
    "app.kubernetes.io/instance": "coder",
    "app.kubernetes.io/managed-by": "coder-k8s",
    ...marks,
  });
  assert.deepEqual(index, { name: "control-plane", value: "a/coder" });
});

Deno.test("an object of any shape can be finalized", () => {
  const { spec: _, ...bare } = storedControlPlane();
  assert.deepEqual(rbacOwner(bare).workspaceNamespaces, []);
  const odd = {
    ...bare,
    spec: { serviceAccount: { name: 5 }, rbac: { workspaceNamespaces: [" w ", 5, ""] } },
  };
  const read = rbacOwner(odd as unknown as CoderControlPlane);
  assert.equal(read.serviceAccount, "coder");
  assert.deepEqual(read.workspaceNamespaces, ["w"]);
});
