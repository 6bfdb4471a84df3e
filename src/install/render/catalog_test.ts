import assert from "node:assert/strict";
import { chosen, componentNames, kustomizationOf, OverlayError, SHAPES } from "./catalog.ts";

const PATHS = ["deploy/base/x.yaml", "deploy/components/only-a-file.yaml"].concat(
  ["monitoring", "namespaced", "size-large", "split-accounts"].map((name) =>
    `deploy/components/${name}/kustomization.yaml`
  ),
);
const of = (...names: string[]) => {
  const { shape, components } = chosen(names, PATHS);
  return [shape, ...components];
};

Deno.test("components are the folders that have a kustomization", () => {
  assert.deepEqual(componentNames(PATHS), ["monitoring", "namespaced", "size-large", "split-accounts"]);
});

Deno.test("without a shape it is all, and components stay in the order in which they are named", () => {
  assert.deepEqual(of(), ["all"]);
  assert.deepEqual(of("size-large", "monitoring", "size-large"), ["all", "size-large", "monitoring"]);
  assert.equal(chosen([], PATHS).namespace, "coder-system");
  assert.equal(chosen(["workers"], PATHS).namespace, "coder-sandboxes");
});

Deno.test("the accounts of the split shape come last, by themselves where components grant rights", () => {
  assert.deepEqual(of("split"), ["split"]);
  assert.deepEqual(of("namespaced", "split"), ["split", "namespaced", "split-accounts"]);
  assert.deepEqual(of("split", "split-accounts", "namespaced"), ["split", "namespaced", "split-accounts"]);
});

Deno.test("what does not go together is refused with what does", () => {
  const refused = (names: string[], message: RegExp) =>
    assert.throws(
      () => of(...names),
      (error) => error instanceof OverlayError && message.test(error.message),
    );
  refused(["al"], /no overlay al: shapes are all, split, .*; components are monitoring/);
  refused(["all", "split"], /all and split are shapes/);
  refused(["split-accounts"], /split-accounts does not go with all/);
  refused(["coordinator", "monitoring"], /monitoring does not go with coordinator/);
  refused(["workers", "size-large"], /does not go with workers/);
  refused(["constructor"], /no overlay constructor/);
  assert.deepEqual(of("coordinator", "size-large"), ["coordinator", "size-large"]);
});

Deno.test("a choice is a kustomization", () => {
  assert.deepEqual(kustomizationOf(chosen(["monitoring"], PATHS)), {
    resources: ["deploy/overlays/all"],
    components: ["deploy/components/monitoring"],
  });
  assert.deepEqual(kustomizationOf(chosen(["coordinator/replicas", "size-large"], PATHS)).components, [
    "deploy/coordinator/replicas",
    "deploy/components/size-large",
  ]);
  for (const { help, namespace } of Object.values(SHAPES)) assert.ok(help.length > 10 && namespace !== "");
});
