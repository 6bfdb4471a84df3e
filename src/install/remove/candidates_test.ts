import assert from "node:assert/strict";
import { wordsOf } from "../apply/objects.ts";
import { embeddedManifests } from "../render/variant.ts";
import { candidates } from "./candidates.ts";

const files = await embeddedManifests();
const names = (
  ...[family, namespace = "coder-system", inventory]: [
    Parameters<typeof candidates>[1],
    string?,
    Parameters<typeof candidates>[3]?,
  ]
) => {
  const { named, listed } = candidates(files, family, namespace, inventory);
  return [...named, ...listed].map(wordsOf);
};

Deno.test("all shapes and components of the family, what the product makes itself, and the inventory", () => {
  const all = names("product", "elsewhere", {
    version: "0",
    overlays: ["all"],
    objects: [{
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "of-an-older-version", namespace: "elsewhere" },
    }],
  });
  for (
    const wanted of [
      "service/of-an-older-version in elsewhere",
      "deployment.apps/coder-k8s in elsewhere",
      "deployment.apps/coder-k8s-mcp in elsewhere",
      "networkpolicy.networking.k8s.io/coder-k8s in elsewhere",
      "clusterrole.rbac.authorization.k8s.io/manager-role",
      "secret/coder-k8s-apiserver-tls in elsewhere",
      "lease.coordination.k8s.io/coder-k8s-controller.coder.com in elsewhere",
      "configmap/coder-k8s-inventory in elsewhere",
    ]
  ) assert.ok(all.includes(wanted), wanted);
  assert.equal(new Set(all).size, all.length, "each once");
});

Deno.test("CRDs and namespaces are nobody's to remove by the way, and families have nothing in common", () => {
  const families = (["product", "coordinator", "workers"] as const).map((family) => names(family, "n"));
  for (const family of families) {
    assert.ok(!family.some((name) => /^(customresourcedefinition|namespace)/.test(name)));
  }
  const [product, coordinator, workers] = families;
  assert.deepEqual(coordinator!.filter((name) => product!.includes(name) || workers!.includes(name)), []);
});

Deno.test("what the inventory alone names is told apart, and is no CRD and no namespace", () => {
  const reference = (apiVersion: string, kind: string, name: string) => ({
    apiVersion,
    kind,
    metadata: { name, namespace: "n" },
  });
  const service = reference("v1", "Service", "coder-k8s");
  const other = reference("v1", "Secret", "database");
  const { listed } = candidates(files, "product", "n", {
    version: "0",
    overlays: ["all"],
    objects: [service, other, reference("v1", "Namespace", "n")],
  });
  assert.deepEqual(listed, [other]);
});
