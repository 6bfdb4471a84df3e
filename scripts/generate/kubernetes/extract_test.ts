import assert from "node:assert/strict";
import { readExtract, type Schema } from "./document.ts";
import { downloadModule, formatExtract, reduce, refreshExtract } from "./extract.ts";
import { EXTRACT_PATH, PIN, WANTED_KINDS } from "./kinds.ts";

/** A document that has every wanted kind, empty, and a Deployment with fields. */
function document() {
  const definitions: Record<string, Schema> = {
    "io.k8s.Unwanted": { type: "object" },
    "io.k8s.Spec": {
      type: "object",
      required: ["must"],
      properties: { must: { type: "string" }, may: { type: "string" } },
    },
  };
  for (const { definition } of WANTED_KINDS) definitions[definition] = { type: "object", properties: {} };
  definitions["io.k8s.api.apps.v1.Deployment"] = {
    type: "object",
    properties: { spec: { $ref: "#/definitions/io.k8s.Spec" } },
    "x-kubernetes-group-version-kind": [{ group: "apps", version: "v1", kind: "Deployment" }],
  };
  definitions["io.k8s.api.core.v1.Node"] = {
    type: "object",
    properties: {},
    "x-kubernetes-group-version-kind": [{ group: "", version: "v1", kind: "Node" }],
  };
  definitions["io.k8s.api.autoscaling.v1.Scale"] = {
    type: "object",
    properties: {},
    "x-kubernetes-group-version-kind": [{ group: "autoscaling", version: "v1", kind: "Scale" }],
  };
  const post = (group: string, version: string, kind: string) => ({
    post: { "x-kubernetes-group-version-kind": { group, version, kind } },
  });
  return {
    definitions,
    paths: {
      "/apis/apps/v1/namespaces/{namespace}/deployments": post("apps", "v1", "Deployment"),
      "/apis/apps/v1/deployments": { get: {} },
      "/api/v1/nodes": post("", "v1", "Node"),
      "/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale": post("autoscaling", "v1", "Scale"),
    },
  };
}

Deno.test("the wanted kinds are kept with all that is reachable from them, and nothing else", () => {
  const extract = reduce(document(), [], "h1:x");
  assert.ok("io.k8s.Spec" in extract.definitions);
  assert.ok(!("io.k8s.Unwanted" in extract.definitions));
  assert.deepEqual(extract.source, { module: PIN.module, version: PIN.version, path: PIN.path, sum: "h1:x" });
});

Deno.test("how a kind is addressed comes from its collection; a subresource has none", () => {
  const { resources } = reduce(document(), [], "h1:x");
  assert.deepEqual(resources, [
    {
      definition: "io.k8s.api.apps.v1.Deployment",
      group: "apps",
      version: "v1",
      kind: "Deployment",
      plural: "deployments",
      namespaced: true,
    },
    { definition: "io.k8s.api.autoscaling.v1.Scale", group: "autoscaling", version: "v1", kind: "Scale" },
    {
      definition: "io.k8s.api.core.v1.Node",
      group: "",
      version: "v1",
      kind: "Node",
      plural: "nodes",
      namespaced: false,
    },
  ]);
});

Deno.test("defaults come from the v3 documents, but not the zero values of required fields and structures", () => {
  const schemas = {
    "io.k8s.Spec": { properties: { must: { default: "" }, may: { default: "x" } } },
    "io.k8s.api.apps.v1.Deployment": { properties: { spec: { default: {} } } },
  };
  const { definitions } = reduce(document(), [{ components: { schemas } }, {}], "h1:x");
  assert.deepEqual(definitions["io.k8s.Spec"]?.properties, {
    must: { type: "string" },
    may: { type: "string", default: "x" },
  });
  assert.deepEqual(definitions["io.k8s.api.apps.v1.Deployment"]?.properties, {
    spec: { $ref: "#/definitions/io.k8s.Spec" },
  });
});

Deno.test("the file is JSON with one definition a line", () => {
  const extract = reduce(document(), [], "h1:x");
  const text = formatExtract(extract);
  assert.deepEqual(JSON.parse(text), extract);
  assert.equal(
    text.split("\n").filter((line) => line.startsWith('  "io.k8s.')).length,
    Object.keys(extract.definitions).length,
  );
});

Deno.test("a refresh reads the downloaded module and writes the reduced document", async () => {
  const root = await Deno.makeTempDir();
  try {
    const module = `${root}/module`;
    await Deno.mkdir(`${module}/${PIN.defaults}`, { recursive: true });
    await Deno.mkdir(`${root}/src/api/kubernetes`, { recursive: true });
    await Deno.writeTextFile(`${module}/${PIN.path}`, JSON.stringify(document()));
    const schemas = { "io.k8s.Spec": { properties: { may: { default: "x" } } } };
    await Deno.writeTextFile(`${module}/${PIN.defaults}/a.json`, JSON.stringify({ components: { schemas } }));
    await Deno.writeTextFile(`${module}/${PIN.defaults}/README.md`, "not JSON");
    const asked: string[] = [];
    await refreshExtract(root, (name) => {
      asked.push(name);
      return Promise.resolve({ directory: module, sum: "h1:y" });
    });
    assert.deepEqual(asked, [`${PIN.module}@${PIN.version}`]);
    const extract = await readExtract(root);
    assert.equal(extract.source.sum, "h1:y");
    assert.equal(extract.definitions["io.k8s.Spec"]?.properties?.["may"]?.default, "x");
    assert.equal(await Deno.readTextFile(`${root}/${EXTRACT_PATH}`), formatExtract(extract));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("a module that Go cannot download is an error that names it", async () => {
  await assert.rejects(downloadModule("not a module@v0"), /go mod download not a module@v0 failed: ./);
});
