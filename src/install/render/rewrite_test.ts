import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import { imageChange, imagesOf, PRODUCT_IMAGE, withImages, withNamespaces, withReplicas } from "./rewrite.ts";

function deployment(image: string, kind = "Deployment"): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name: "d", namespace: "coder-system" },
    spec: {
      replicas: 2,
      template: {
        spec: { containers: [{ name: "c", image }], initContainers: [{ name: "i", image: "busybox:1" }] },
      },
    },
  } as KubeObject;
}

Deno.test("an image is the product's, or named with the one that it stands for", () => {
  assert.deepEqual(imageChange("r.example.com:5000/x:1"), {
    from: PRODUCT_IMAGE,
    to: "r.example.com:5000/x:1",
  });
  assert.deepEqual(imageChange("redis=r/redis@sha256:ab"), { from: "redis", to: "r/redis@sha256:ab" });
  for (const wrong of ["", "a b", "=x", "x=", "x=y=z", "-x", "X y"]) {
    assert.equal(imageChange(wrong), undefined, wrong);
  }
});

Deno.test("images are replaced by name; one without tag keeps the old one", () => {
  const objects = [deployment(`${PRODUCT_IMAGE}:1.0.0`)];
  const images = (...changes: string[]) =>
    imagesOf(withImages(objects, changes.map((text) => imageChange(text)!)));
  assert.deepEqual(images("mirror:5000/coder-k8s"), ["busybox:1", "mirror:5000/coder-k8s:1.0.0"]);
  assert.deepEqual(images("mirror/coder-k8s:2"), ["busybox:1", "mirror/coder-k8s:2"]);
  assert.deepEqual(images("mirror/coder-k8s@sha256:ab"), ["busybox:1", "mirror/coder-k8s@sha256:ab"]);
  assert.deepEqual(images("busybox=mirror/busybox", "other=x"), [
    `${PRODUCT_IMAGE}:1.0.0`,
    "mirror/busybox:1",
  ]);
  assert.deepEqual(imagesOf(objects), ["busybox:1", `${PRODUCT_IMAGE}:1.0.0`], "the given ones stay");
});

Deno.test("replicas are those of Deployments and sets that run the product", () => {
  const replicas = (object: KubeObject) =>
    (withReplicas([object], 5)[0] as unknown as { spec: { replicas: number } }).spec.replicas;
  assert.equal(replicas(deployment(PRODUCT_IMAGE)), 5);
  assert.equal(replicas(deployment("mirror.example.com/coder-k8s:1")), 5);
  assert.equal(replicas(deployment("ghcr.io/coder/coder-k8s-worker:1", "StatefulSet")), 5);
  assert.equal(replicas(deployment("redis:7")), 2);
  assert.equal(replicas(deployment(PRODUCT_IMAGE, "Job")), 2);
});

Deno.test("a namespace is replaced as a whole word, wherever it is named", () => {
  const object = {
    apiVersion: "v1",
    kind: "Any",
    metadata: { name: "coder-system", namespace: "coder-system" },
    subjects: [{ kind: "ServiceAccount", namespace: "coder-system" }],
    spec: {
      dnsNames: ["a.coder-system.svc", "a.coder-system.svc.cluster.local"],
      args: ["--x=coder-system/y", "not-coder-system", "coder-systems", "coder-system-2"],
      number: 1,
      nothing: null,
    },
  } as unknown as KubeObject;
  assert.deepEqual(withNamespaces([object], new Map([["coder-system", "new"]])), [{
    apiVersion: "v1",
    kind: "Any",
    metadata: { name: "new", namespace: "new" },
    subjects: [{ kind: "ServiceAccount", namespace: "new" }],
    spec: {
      dnsNames: ["a.new.svc", "a.new.svc.cluster.local"],
      args: ["--x=new/y", "not-coder-system", "coder-systems", "coder-system-2"],
      number: 1,
      nothing: null,
    },
  }]);
  assert.deepEqual(withNamespaces([object], new Map([["coder-system", "coder-system"]])), [object]);
  const definition = { ...object, kind: "CustomResourceDefinition" };
  assert.deepEqual(
    withNamespaces([definition], new Map([["coder-system", "new"]])),
    [definition],
    "texts of definitions stay",
  );
});

Deno.test("namespaces are replaced at the same time, also where one takes the other's name", () => {
  const object = {
    apiVersion: "v1",
    kind: "Any",
    metadata: { name: "x", namespace: "here" },
    spec: { address: "https://x.there.svc:1", from: "here-and-there" },
  } as unknown as KubeObject;
  const swapped = withNamespaces([object], new Map([["here", "there"], ["there", "here"]]));
  assert.deepEqual(swapped, [{
    ...object,
    metadata: { name: "x", namespace: "there" },
    spec: { address: "https://x.here.svc:1", from: "here-and-there" },
  }]);
});
