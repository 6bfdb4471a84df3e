import assert from "node:assert/strict";
import { z } from "zod";
import { CoderWorkspaceProxies, workspaceProxyDefinition } from "../../../src/api/workspace_proxy.ts";
import { embedded, group, int32, list, optional, stored, text, textMap } from "../../../src/api/field.ts";
import { kindDefinitions } from "../../../src/api/kinds.ts";
import { readExtract } from "../kubernetes/document.ts";
import { extract as tiny } from "../kubernetes/testing.ts";
import { customResourceDefinition } from "./definition.ts";
import { expandByName, type Structural } from "./expand.ts";
import { crdFiles } from "./mod.ts";
import { merge, structuralSchema } from "./schema.ts";

const root = new URL("../../..", import.meta.url).pathname.replace(/\/$/, "");
const extract = await readExtract(root);

Deno.test("a structure is written out without references, with list types, defaults and short descriptions", () => {
  const part = expandByName({ ...tiny, definitions: withoutLoop() }, "Part") as { properties: Structural };
  assert.deepEqual(part, {
    type: "object",
    description: "A part.",
    required: ["name"],
    properties: {
      name: { type: "string", description: "Its name." },
      limits: {
        type: "object",
        additionalProperties: {
          anyOf: [{ type: "integer" }, { type: "string" }],
          pattern:
            (part.properties["limits"] as { additionalProperties: { pattern: string } }).additionalProperties
              .pattern,
          "x-kubernetes-int-or-string": true,
        },
      },
      port: { anyOf: [{ type: "integer" }, { type: "string" }], "x-kubernetes-int-or-string": true },
      weight: { type: "integer", format: "int32", default: 1 },
      selector: {
        type: "object",
        properties: { text: { type: "string" } },
        "x-kubernetes-map-type": "atomic",
        default: {},
      },
      since: { type: "string", format: "date-time" },
    },
  });
});

Deno.test("the metadata of an object inside an object has the fields that users set", () => {
  const { properties } = expandByName({ ...tiny, definitions: withoutLoop() }, "Widget") as {
    properties: Structural;
  };
  assert.deepEqual(Object.keys((properties["metadata"] as { properties: object }).properties), [
    "labels",
    "name",
  ]);
  assert.deepEqual((properties["parts"] as Structural)["x-kubernetes-list-map-keys"], ["name"]);
  assert.equal("x-kubernetes-patch-merge-key" in (properties["parts"] as Structural), false);
});

Deno.test("quantities match what Kubernetes takes for one", () => {
  const { pattern } = expandByName(tiny, "Quantity") as { pattern: string };
  for (const good of ["1", "100m", "1.5Gi", "-2", ".5", "1e3"]) assert.match(good, new RegExp(pattern));
  for (const bad of ["", "1 Gi", "m", "1gi", "one"]) assert.doesNotMatch(bad, new RegExp(pattern));
});

Deno.test("a name without a definition is an error", () => {
  assert.throws(() => expandByName(tiny, "Nothing"), /no Kubernetes definition is called Nothing/);
});

Deno.test("stored defaults reach the schema, defaults of reading do not", () => {
  const schema = group("g", {
    a: stored(int32("Number."), 3),
    b: int32("Other.").default(4),
    c: list("List.", z.string()),
    d: textMap("Map."),
    e: stored(group("Group.", {}), {}),
    f: stored(text("Text. Default: x."), "x"),
    g: optional(text("")),
  });
  assert.deepEqual(structuralSchema(extract, schema), {
    type: "object",
    description: "g",
    properties: {
      a: { type: "integer", format: "int32", description: "Number. Default: 3.", default: 3 },
      b: { type: "integer", format: "int32", description: "Other." },
      c: { type: "array", items: { type: "string" }, description: "List." },
      d: { type: "object", additionalProperties: { type: "string" }, description: "Map." },
      e: { type: "object", description: "Group.", properties: {}, default: {} },
      f: { type: "string", description: "Text. Default: x.", default: "x" },
      g: { type: "string" },
    },
  });
});

Deno.test("an embedded structure takes the description of its field and the overlay", () => {
  const overlay = { properties: { name: { minLength: 1 } } };
  const schema = structuralSchema(extract, embedded("LocalObjectReference", "Mine.", overlay));
  assert.equal(schema["description"], "Mine.");
  const { name } = schema["properties"] as { name: Structural };
  assert.equal(name["minLength"], 1);
  assert.equal(name["default"], "");
});

Deno.test("a brief structure keeps every field, and describes its own alone", () => {
  const whole = structuralSchema(extract, embedded("Container"));
  const brief = structuralSchema(
    extract,
    embedded("Container").meta({ kubernetes: "Container", brief: true }),
  );
  const at = (schema: Structural, ...path: string[]) =>
    path.reduce((node, name) => (node["properties"] as { [name: string]: Structural })[name] ?? {}, schema);
  const own = [whole, brief].map((schema) => at(schema, "resources")["description"]);
  assert.ok(own[0] !== undefined && own[0] === own[1]);
  assert.ok(at(whole, "resources", "limits")["description"] !== undefined);
  assert.equal(at(brief, "resources", "limits")["description"], undefined);
  assert.equal(at(brief, "resources", "limits")["type"], "object");
  const fields = (schema: Structural) => Object.keys(schema["properties"] as Structural);
  assert.deepEqual(fields(brief), fields(whole));
});

Deno.test("an overlay replaces lists and scalars and descends into objects", () => {
  assert.deepEqual(merge({ a: { b: 1, c: [1] }, d: 2 }, { a: { c: [2], e: 3 }, d: { f: 4 } }), {
    a: { b: 1, c: [2], e: 3 },
    d: { f: 4 },
  });
});

Deno.test("a definition has its names, columns, rules and subresources", () => {
  const crd = customResourceDefinition(extract, workspaceProxyDefinition);
  assert.equal(crd.metadata.name, "coderworkspaceproxies.coder.com");
  assert.deepEqual(crd.spec.names, {
    categories: ["coder"],
    kind: "CoderWorkspaceProxy",
    listKind: "CoderWorkspaceProxyList",
    plural: CoderWorkspaceProxies.plural,
    shortNames: ["cwp"],
    singular: "coderworkspaceproxy",
  });
  const [version] = crd.spec.versions;
  assert.equal(version?.subresources?.scale?.specReplicasPath, ".spec.replicas");
  assert.equal(version?.schema?.openAPIV3Schema?.["x-kubernetes-validations"]?.[0]?.optionalOldSelf, true);
  const { rules: _, ...plain } = { ...workspaceProxyDefinition, rules: [], scale: false };
  const without = customResourceDefinition(extract, { ...plain, rules: [] }).spec.versions[0];
  assert.equal(without?.schema?.openAPIV3Schema?.["x-kubernetes-validations"], undefined);
  assert.deepEqual(without?.subresources, { status: {} });
});

/** Structures that are written out briefly, field by field of their own. */
const BRIEF =
  /^(CoderControlPlane\.spec\.(initContainers|upgrade\.backup\.(containers|volumes))|(CoderProvisioner|CoderWorkspaceProxy)\.spec\.(initContainers|volumes))\[\]\.\w+[.[]/;

Deno.test("every field of every kind has a description, and those of large structures on their first level", () => {
  const bare: string[] = [];
  const visit = (node: Structural, path: string): void => {
    for (const [name, child] of Object.entries((node["properties"] ?? {}) as Record<string, Structural>)) {
      const here = `${path}.${name}`;
      if (!child["description"] && name !== "metadata" && !BRIEF.test(here)) bare.push(here);
      visit(child, here);
    }
    for (const key of ["items", "additionalProperties"]) {
      if (typeof node[key] === "object") visit(node[key] as Structural, `${path}[]`);
    }
  };
  for (const kind of kindDefinitions) {
    const schema = customResourceDefinition(extract, kind).spec.versions[0]?.schema?.openAPIV3Schema;
    visit(schema as unknown as Structural, kind.resource.kind);
  }
  assert.deepEqual(bare, []);
});

Deno.test("the schemas are structural: no references, no keyword that the API server refuses", () => {
  const forbidden = [
    "$ref",
    "$schema",
    "$defs",
    "definitions",
    "propertyNames",
    "const",
    "storedDefault",
    "brief",
    "kubernetes",
    "overlay",
  ];
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    for (const [key, child] of Object.entries(node)) {
      if (key === "properties") Object.values(child).forEach(visit);
      else {
        assert.ok(!forbidden.includes(key), key);
        visit(child);
      }
    }
    assert.ok(
      !("properties" in node && "additionalProperties" in node),
      "properties beside additionalProperties",
    );
  };
  for (const kind of kindDefinitions) visit(customResourceDefinition(extract, kind).spec.versions[0]?.schema);
});

Deno.test("the manifests are the same each time, one for each kind", async () => {
  const files = await crdFiles(root);
  assert.deepEqual(files, await crdFiles(root));
  assert.deepEqual(files.map(({ path }) => path), [
    "crd/coder.com_codercontrolplanes.yaml",
    "crd/coder.com_coderprovisioners.yaml",
    "crd/coder.com_coderworkspaceproxies.yaml",
  ]);
  for (const { content } of files) assert.match(content, /^# Generated by "deno task generate"/);
});

/** The tiny document, with the structure that contains itself cut. */
function withoutLoop() {
  const name = "io.k8s.api.test.v1.Selector";
  const { below: _, ...properties } = tiny.definitions[name]!.properties!;
  return { ...tiny.definitions, [name]: { ...tiny.definitions[name], properties } };
}
