import assert from "node:assert/strict";
import { keyOf, keyText } from "../../api/object.ts";
import { componentNames, OverlayError, SHAPES } from "./catalog.ts";
import { imagesOf } from "./rewrite.ts";
import { embeddedManifests, variantOf, type VariantRequest } from "./variant.ts";

const files = await embeddedManifests();
const variant = (request: Partial<VariantRequest> = {}) =>
  variantOf(files, { overlays: [], images: [], ...request });
const names = (request?: Partial<VariantRequest>) =>
  variant(request).objects.map((object) => `${object.kind} ${keyText(keyOf(object))}`);

Deno.test("the binary carries the product: CRDs first, the APIService last", () => {
  const all = names();
  assert.match(all[0]!, /^CustomResourceDefinition codercontrolplanes/);
  assert.equal(all.at(-1), "APIService v1alpha1.aggregation.coder.com");
  for (
    const wanted of [
      "Namespace coder-system",
      "Deployment coder-system/coder-k8s",
      "Service coder-system/coder-k8s",
    ]
  ) {
    assert.ok(all.includes(wanted), wanted);
  }
  assert.deepEqual(all, names({ overlays: ["all"] }));
});

Deno.test("CRDs come alone, or not at all", () => {
  assert.deepEqual(
    names({ crds: "only" }).map((name) => name.split(" ")[0]),
    Array(3).fill("CustomResourceDefinition"),
  );
  assert.deepEqual([...names({ crds: "only" }), ...names({ crds: "without" })], names());
});

Deno.test("every shape takes another namespace, and the old one is named nowhere", () => {
  const components = componentNames(Object.keys(files));
  for (const [shape, { namespace, takes }] of Object.entries(SHAPES)) {
    const fitting = components.filter((name) =>
      takes(name) && name !== "fluent-bit" && name !== "size-large"
    );
    const { objects } = variant({ overlays: [shape, ...fitting], namespace: "elsewhere" });
    const texts = JSON.stringify(objects.filter(({ kind }) => kind !== "CustomResourceDefinition"));
    assert.ok(
      !texts.includes(namespace),
      `${shape}: ${texts.slice(texts.indexOf(namespace) - 100).slice(0, 200)}`,
    );
    assert.ok(
      objects.some(({ kind, metadata }) => kind === "Namespace" && metadata.name === "elsewhere"),
      shape,
    );
  }
});

Deno.test("images and replicas are as asked for, and a namespace that is not ours stays", () => {
  const { objects } = variant({
    overlays: ["split"],
    namespace: "x",
    replicas: 4,
    images: [{ from: "ghcr.io/coder/coder-k8s", to: "mirror/coder-k8s" }],
  });
  assert.match(imagesOf(objects).join(" "), /^mirror\/coder-k8s:\S+$/);
  const deployments = objects.filter(({ kind }) => kind === "Deployment") as unknown as {
    spec: { replicas: number };
  }[];
  assert.deepEqual(deployments.map(({ spec }) => spec.replicas), [4, 4, 4]);
  const reader = objects.find(({ metadata }) => metadata.name === "coder-k8s-authentication-reader");
  assert.equal(reader?.metadata.namespace, "kube-system");
});

Deno.test("one coordinator cannot be several", () => {
  assert.throws(() => variant({ overlays: ["coordinator"], replicas: 2 }), OverlayError);
  assert.ok(
    names({ overlays: ["coordinator"], replicas: 1 }).includes("Deployment coder-sessions/coordinator"),
  );
});
