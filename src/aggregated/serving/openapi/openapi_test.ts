import assert from "node:assert/strict";
import { z } from "zod";
import { embedded, group, int32, intOrText, stored, text } from "../../../api/field.ts";
import type { AnyStorage } from "../storage.ts";
import { gadgetDefinition, GROUP_VERSION, writableGadgetDefinition } from "../testing/gadgets.ts";
import { MemoryStorage } from "../testing/memory_storage.ts";
import { schemaOf, withoutVersion3 } from "./schema.ts";
import { openApiV2 } from "./v2.ts";
import { openApiV3 } from "./v3.ts";

const VERSION = { version: "1.2.3", commit: "", built: "" };
const KIND = "test.coder.gadgets.v1alpha1.Gadget";
const COLLECTION = "/apis/gadgets.coder.test/v1alpha1/namespaces/{namespace}/gadgets";

function storage(isWritable = false): AnyStorage {
  const made = new MemoryStorage(isWritable ? writableGadgetDefinition : gadgetDefinition);
  made.subresources = {
    status: { verbs: isWritable ? ["get", "update"] : ["get"], get: made.get.bind(made) },
    log: {
      verbs: ["get"],
      stream: () => Promise.reject(new Error("unused")),
      parameters: [{ name: "follow", type: "boolean", description: "Whether it goes on." }],
    },
  };
  return made;
}

// deno-lint-ignore no-explicit-any -- documents are looked into at any depth
const v2 = (isWritable = false): any => openApiV2(GROUP_VERSION, [storage(isWritable)], VERSION);
// deno-lint-ignore no-explicit-any -- documents are looked into at any depth
const v3 = (isWritable = false): any => openApiV3(GROUP_VERSION, [storage(isWritable)], VERSION);

Deno.test("a kind is described field by field, with list types and shared metadata", () => {
  const { properties, description, "x-kubernetes-group-version-kind": kinds } = v3().components.schemas[KIND];
  assert.equal(description, "Gadget is a thing that tests look at.");
  assert.deepEqual(kinds, [{ group: "gadgets.coder.test", kind: "Gadget", version: "v1alpha1" }]);
  assert.deepEqual(properties.metadata.allOf, [{
    $ref: "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta",
  }]);
  assert.deepEqual(properties.spec.required, ["color"]);
  assert.deepEqual(properties.spec.properties.size, {
    type: "integer",
    format: "int64",
    minimum: 0,
    description: "The size, in millimetres.",
  });
  assert.equal(properties.spec.properties.tags["x-kubernetes-list-type"], "set");
  assert.deepEqual(properties.status.properties.conditions["x-kubernetes-list-map-keys"], ["type"]);
  assert.deepEqual(properties.status.properties.conditions.items, {
    $ref: "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.Condition",
  });
  assert.equal(properties.status.properties.usedAt.nullable, true);
});

Deno.test("version 2 says the same with its own means", () => {
  const { properties } = v2().definitions[KIND];
  assert.equal(properties.metadata.$ref, "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
  const { usedAt } = properties.status.properties;
  assert.deepEqual(["nullable" in usedAt, "type" in usedAt, usedAt.format], [false, false, "date-time"]);
  assert.doesNotMatch(JSON.stringify(v2().definitions), /"nullable"|"anyOf"|"oneOf"|"allOf"|#\/components/);
});

Deno.test("one object can be asked for with a version", () => {
  const { parameters } = v3().paths[`${COLLECTION}/{name}`].get;
  assert.ok(parameters.some(({ name }: { name: string }) => name === "resourceVersion"));
});

Deno.test("a list has its items and its metadata", () => {
  const { properties, required, "x-kubernetes-group-version-kind": kinds } = v2().definitions[`${KIND}List`];
  assert.deepEqual(required, ["items"]);
  assert.equal(properties.items.items.$ref, `#/definitions/${KIND}`);
  assert.equal(properties.metadata.$ref, "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta");
  assert.equal(kinds[0].kind, "GadgetList");
});

Deno.test("every reference leads somewhere, in both versions", () => {
  for (
    const [document, known] of [[v2(true), v2(true).definitions], [
      v3(true),
      v3(true).components.schemas,
    ]] as const
  ) {
    const refs = [
      ...JSON.stringify(document).matchAll(/"\$ref":"#\/(?:definitions|components\/schemas)\/([^"]+)"/g),
    ].map(([, name]) => name!);
    assert.ok(refs.length > 20);
    assert.deepEqual(refs.filter((name) => !Object.hasOwn(known, name)), []);
  }
});

Deno.test("every field of a kind is described", () => {
  // deno-lint-ignore no-explicit-any -- schemas are looked into at any depth
  const visit = (schema: any, path: string): string[] =>
    Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
      const { description } = child as { description?: string };
      return [...(description ? [] : [`${path}.${name}`]), ...visit(child, `${path}.${name}`)];
    });
  assert.deepEqual([KIND, `${KIND}List`].flatMap((name) => visit(v3().components.schemas[name], name)), []);
});

Deno.test("what can be read has operations that tell kind and action; what cannot be written has none", () => {
  const { paths } = v3();
  const one = paths[`${COLLECTION}/{name}`];
  assert.deepEqual(Object.keys(one), ["get"]);
  assert.deepEqual([one.get["x-kubernetes-action"], one.get["x-kubernetes-group-version-kind"].kind], [
    "get",
    "Gadget",
  ]);
  assert.deepEqual(
    one.get.parameters.filter((parameter: { required?: boolean }) => parameter.required).map((
      { name }: { name: string },
    ) => name),
    ["namespace", "name"],
  );
  const list = paths[COLLECTION].get;
  assert.equal(list["x-kubernetes-action"], "list");
  for (
    const name of [
      "labelSelector",
      "fieldSelector",
      "limit",
      "continue",
      "watch",
      "sendInitialEvents",
      "resourceVersionMatch",
      "allowWatchBookmarks",
      "timeoutSeconds",
    ]
  ) {
    assert.ok(list.parameters.some((parameter: { name: string }) => parameter.name === name), name);
  }
  assert.ok(paths["/apis/gadgets.coder.test/v1alpha1/gadgets"].get.operationId.endsWith("ForAllNamespaces"));
  assert.deepEqual(Object.keys(paths[`${COLLECTION}/{name}/status`]), ["get"]);
  assert.deepEqual(Object.keys(paths[`${COLLECTION}/{name}/log`].get.responses["200"].content), [
    "text/plain",
  ]);
  const names = (path: string) =>
    paths[`${COLLECTION}/{name}${path}`].get.parameters.map(({ name }: { name: string }) => name);
  assert.deepEqual(names("/log"), ["namespace", "name", "follow"]);
  assert.ok(!names("/status").includes("follow"));
});

Deno.test("what can be written says what is sent, so that clients check and apply", () => {
  const { paths } = v3(true);
  const [collection, one] = [paths[COLLECTION], paths[`${COLLECTION}/{name}`]];
  assert.deepEqual(Object.keys(collection).sort(), ["delete", "get", "post"]);
  assert.deepEqual(Object.keys(one).sort(), ["delete", "get", "patch", "put"]);
  assert.ok(one.patch.parameters.some(({ name }: { name: string }) => name === "fieldValidation"));
  assert.deepEqual(Object.keys(one.patch.requestBody.content), [
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/apply-patch+yaml",
  ]);
  assert.deepEqual(collection.post.requestBody.content["application/json"].schema, {
    $ref: `#/components/schemas/${KIND}`,
  });
  assert.equal(
    one.delete.requestBody.content["application/json"].schema.$ref,
    "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions",
  );
  const both = ["application/json", "application/yaml"];
  for (const operation of [collection.post, one.put, one.delete, collection.delete]) {
    assert.deepEqual(Object.keys(operation.requestBody.content), both);
    assert.deepEqual(Object.keys(operation.responses[200].content), both);
  }
  assert.deepEqual(
    [collection.post, one.put, one.patch, one.delete].map(({ requestBody: { required } }) => required),
    [true, true, true, undefined],
  );
  assert.equal(collection.delete.operationId, "deleteGadgetsCoderTestV1alpha1CollectionNamespacedGadget");
  assert.deepEqual([Object.keys(one.delete.responses), Object.keys(collection.delete.responses)], [
    ["200", "202", "401"],
    ["200", "401"],
  ]);
  const body = v2(true).paths[COLLECTION].post.parameters[0];
  assert.deepEqual([body.in, body.schema.$ref], ["body", `#/definitions/${KIND}`]);
});

Deno.test("operations have names of their own", () => {
  for (const document of [v2(true), v3(true)]) {
    const ids = Object.values(document.paths).flatMap((path) =>
      Object.values(path as Record<string, { operationId: string }>)
    ).map(({ operationId }) => operationId);
    assert.equal(new Set(ids).size, ids.length, ids.join());
    assert.ok(ids.includes("listGadgetsCoderTestV1alpha1NamespacedGadget"));
  }
});

Deno.test("a resource of the whole cluster has no namespace in its paths", () => {
  const definition = { ...gadgetDefinition, type: { ...gadgetDefinition.type, namespaced: false } };
  // deno-lint-ignore no-explicit-any -- documents are looked into at any depth
  const { paths } = openApiV3(GROUP_VERSION, [new MemoryStorage(definition) as AnyStorage], VERSION) as any;
  assert.deepEqual(
    Object.keys(paths).filter((path) => path.includes("gadgets/") || path.endsWith("gadgets")).sort(),
    [
      "/apis/gadgets.coder.test/v1alpha1/gadgets",
      "/apis/gadgets.coder.test/v1alpha1/gadgets/{name}",
    ],
  );
});

Deno.test("what a server stores is told as a default, what readers assume is not", () => {
  const schema = schemaOf(group("g", {
    a: stored(int32("Number."), 3),
    b: int32("Other.").default(4),
    port: intOrText("A port."),
    either: z.union([z.string(), z.number()]).meta({ description: "Either." }),
  }));
  const { a, b, port, either } = schema["properties"] as Record<string, Record<string, unknown>>;
  assert.equal(a!["default"], 3);
  assert.equal("default" in b!, false);
  assert.equal(port!["x-kubernetes-int-or-string"], true);
  assert.deepEqual((either!["anyOf"] as unknown[]).length, 2);
  assert.equal("anyOf" in withoutVersion3(either!), false);
});

Deno.test("names of fields are no keywords of version 3", () => {
  const schema = schemaOf(group("g", { nullable: text("A field."), anyOf: text("Another.") }));
  assert.deepEqual(Object.keys(withoutVersion3(schema)["properties"] as object), ["nullable", "anyOf"]);
});

Deno.test("a structure of Kubernetes that the documents do not have is an error that says what to do", () => {
  assert.throws(
    () => schemaOf(embedded("Container")),
    /Container is not in META_DEFINITIONS .*: add it there/,
  );
});
