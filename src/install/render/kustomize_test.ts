import assert from "node:assert/strict";
import {
  identityOf,
  type ReadDocuments,
  RenderError,
  renderFolder,
  renderKustomization,
} from "./kustomize.ts";

const KUSTOMIZATION = { apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization" };
const COMPONENT = { apiVersion: "kustomize.config.k8s.io/v1alpha1", kind: "Component" };

function files(given: Record<string, unknown[]>): ReadDocuments {
  return (path) => given[path];
}

function config(name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}) {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "n", labels }, data };
}

const add = (path: string, value: unknown) => ({ op: "add", path, value });

Deno.test("resources are files and folders, by paths from where they are named", () => {
  const read = files({
    "a/b/kustomization.yaml": [{ ...KUSTOMIZATION, resources: ["x.yaml", "../../c"] }],
    "a/b/x.yaml": [config("x"), config("y")],
    "c/kustomization.yaml": [{ ...KUSTOMIZATION, resources: ["z.yaml"] }],
    "c/z.yaml": [config("z")],
  });
  assert.deepEqual(renderFolder(read, "a/b").map(({ metadata }) => metadata.name), ["x", "y", "z"]);
});

Deno.test("a component adds objects, and patches those that are there already", () => {
  const read = files({
    "base/kustomization.yaml": [{ ...KUSTOMIZATION, resources: ["x.yaml"] }],
    "base/x.yaml": [config("x")],
    "extra/kustomization.yaml": [{
      ...COMPONENT,
      resources: ["y.yaml"],
      patches: [{ path: "p.yaml", target: { kind: "ConfigMap", name: "x|y" } }],
    }],
    "extra/y.yaml": [config("y")],
    "extra/p.yaml": [[add("/data/added", "1")]],
  });
  const rendered = renderKustomization(read, { resources: ["base"], components: ["extra"] });
  assert.deepEqual(rendered, [config("x", { added: "1" }), config("y", { added: "1" })]);
  assert.deepEqual(renderFolder(read, "base"), [config("x")], "what was read is not changed");
});

Deno.test("components inside of components come before the patches of their own", () => {
  const read = files({
    "outer/kustomization.yaml": [{
      ...COMPONENT,
      components: ["../inner"],
      patches: [{
        patch: JSON.stringify([{ op: "replace", path: "/data/a", value: "2" }]),
        target: { name: "x" },
      }],
    }],
    "inner/kustomization.yaml": [{ ...COMPONENT, resources: ["x.yaml"] }],
    "inner/x.yaml": [config("x", { a: "1" })],
  });
  assert.deepEqual(renderKustomization(read, { components: ["outer"] }), [config("x", { a: "2" })]);
});

Deno.test("a target is by kind, whole name, namespace, group, version and labels; one that nothing fits is no mistake", () => {
  const all = [config("one", {}, { tier: "a" }), config("one-more", {}, { tier: "b" })];
  const deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "one", namespace: "m" },
    data: {},
  };
  const touched = (target: object) =>
    renderKustomization(files({ "all.yaml": [...all, deployment], "p.yaml": [[add("/data/t", "1")]] }), {
      resources: ["all.yaml"],
      patches: [{ path: "p.yaml", target }],
    }).flatMap((object) => "t" in ((object as unknown as { data: object }).data) ? [identityOf(object)] : []);
  assert.deepEqual(touched({ kind: "ConfigMap", name: "one" }), ["ConfigMap n/one"]);
  assert.deepEqual(touched({ name: "one.*" }).length, 3);
  assert.deepEqual(touched({ namespace: "m" }), ["Deployment.apps m/one"]);
  assert.deepEqual(touched({ group: "apps", version: "v1" }), ["Deployment.apps m/one"]);
  assert.deepEqual(touched({ version: "v2" }), []);
  assert.deepEqual(touched({ labelSelector: "tier in (b, c)" }), ["ConfigMap n/one-more"]);
  assert.deepEqual(touched({ kind: "Secret" }), []);
});

Deno.test("what kustomize would take and this does not is refused by name", () => {
  const refused = (kustomization: object, message: RegExp) =>
    assert.throws(
      () => renderFolder(files({ "a/kustomization.yaml": [kustomization], "a/x.yaml": [config("x")] }), "a"),
      (error) => error instanceof RenderError && message.test(error.message),
    );
  refused({ ...KUSTOMIZATION, namePrefix: "x-" }, /a\/kustomization\.yaml uses namePrefix/);
  refused({ ...KUSTOMIZATION, patches: [{ path: "x.yaml" }] }, /a patch without a target/);
  refused(
    { ...KUSTOMIZATION, patches: [{ path: "x.yaml", target: { annotationSelector: "a" } }] },
    /annotationSelector/,
  );
  refused({ ...KUSTOMIZATION, patches: [{ path: "x.yaml", target: {}, options: {} }] }, /with options/);
  refused({ ...KUSTOMIZATION, kind: "Other" }, /kind Other/);
  refused({ ...KUSTOMIZATION, resources: ["gone.yaml"] }, /a\/gone\.yaml is not there/);
  refused({ ...KUSTOMIZATION, resources: ["../gone"] }, /gone\/kustomization\.yaml is not there/);
  refused({ ...KUSTOMIZATION, resources: ["x.yaml", "x.yaml"] }, /ConfigMap n\/x, which is there already/);
  refused({ ...KUSTOMIZATION, components: ["../a"] }, /a contains itself/);
  refused({ ...KUSTOMIZATION, patches: [{ path: "gone.yaml", target: {} }] }, /no list of operations/);
  refused({ ...KUSTOMIZATION, patches: [{ patch: "{", target: {} }] }, /cannot be read/);
});

Deno.test("a patch that does not apply names itself and the object", () => {
  const read = files({ "x.yaml": [config("x")], "p.yaml": [[{ op: "remove", path: "/data/none" }]] });
  assert.throws(
    () => renderKustomization(read, { resources: ["x.yaml"], patches: [{ path: "p.yaml", target: {} }] }),
    /p\.yaml at ConfigMap x: .*none/,
  );
});

Deno.test("a document that is no object is refused", () => {
  assert.throws(
    () => renderKustomization(files({ "x.yaml": [{ kind: "x" }] }), { resources: ["x.yaml"] }),
    RenderError,
  );
});
