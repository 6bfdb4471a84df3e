import assert from "node:assert/strict";
import { MANAGED_BY_SELECTOR, selectorText, standardLabels, workspaceRbacLabels } from "./labels.ts";

Deno.test("a control plane's children carry three labels, with its name uncut", () => {
  const name = "a".repeat(70);
  assert.deepEqual(standardLabels("coder-control-plane", name), {
    "app.kubernetes.io/name": "coder-control-plane",
    "app.kubernetes.io/instance": name,
    "app.kubernetes.io/managed-by": "coder-k8s",
  });
});

Deno.test("a provisioner's and a proxy's long names are cut in the instance label", () => {
  for (const component of ["coder-provisioner", "coder-workspace-proxy"] as const) {
    const labels = standardLabels(component, "a".repeat(70));
    assert.equal(labels["app.kubernetes.io/instance"], `${"a".repeat(54)}-5904740b`);
    assert.equal(labels["app.kubernetes.io/name"], component);
  }
});

Deno.test("workspace RBAC names its control plane in two more labels", () => {
  assert.deepEqual(workspaceRbacLabels("a", "coder"), {
    "app.kubernetes.io/name": "coder-control-plane",
    "app.kubernetes.io/instance": "coder",
    "app.kubernetes.io/managed-by": "coder-k8s",
    "coder.com/control-plane": "coder",
    "coder.com/control-plane-namespace": "a",
  });
});

Deno.test("a selector joins its labels with commas", () => {
  assert.equal(selectorText({ a: "1", "b.io/c": "2" }), "a=1,b.io/c=2");
  assert.equal(selectorText({}), "");
  assert.equal(MANAGED_BY_SELECTOR, "app.kubernetes.io/managed-by=coder-k8s");
});
