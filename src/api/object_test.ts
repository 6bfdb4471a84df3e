import assert from "node:assert/strict";
import { CoderControlPlanes } from "./control_plane.ts";
import { Deployments, Namespaces, Pods } from "./kubernetes/resources.ts";
import { apiVersionOf, compareKeys, keyOf, keyText, resourceText } from "./object.ts";

Deno.test("a key reads as namespace/name, or as the name alone without a namespace", () => {
  assert.equal(keyText({ namespace: "a", name: "coder" }), "a/coder");
  assert.equal(keyText({ namespace: "", name: "node-1" }), "node-1");
});

Deno.test("the key of an object without a name or namespace is empty, not undefined", () => {
  assert.deepEqual(keyOf({ metadata: { name: "coder", namespace: "a" } }), { namespace: "a", name: "coder" });
  assert.deepEqual(keyOf({ metadata: {} }), { namespace: "", name: "" });
});

Deno.test("keys are in the order of kube-apiserver: as paths, not namespace by namespace", () => {
  const keys = ["a-b/c", "a.b/a", "a/a", "a/a-b", "a/a.b", "a/ab", "a1/a", "ab/a", "b/A", "b/a"];
  const parsed = keys.map((key) => {
    const [namespace = "", name = ""] = key.split("/");
    return { namespace, name };
  });
  assert.deepEqual(parsed.toReversed().sort(compareKeys).map(keyText), keys);
  assert.deepEqual(keys.toSorted(), keys);
  assert.equal(compareKeys({ namespace: "a", name: "b" }, { namespace: "a", name: "b" }), 0);
});

Deno.test("kinds are addressed as the API server and kubectl do", () => {
  assert.equal(apiVersionOf(Deployments), "apps/v1");
  assert.equal(apiVersionOf(Pods), "v1");
  assert.equal(resourceText(Deployments), "deployments.apps");
  assert.equal(resourceText(Pods), "pods");
  assert.equal(resourceText(CoderControlPlanes), "codercontrolplanes.coder.com");
  assert.equal(Namespaces.namespaced, false);
});
