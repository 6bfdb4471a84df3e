import assert from "node:assert/strict";
import { below, fieldSchemaOf, itemKey } from "./field_schema.ts";

const deployment = fieldSchemaOf({ apiVersion: "apps/v1", kind: "Deployment" });
const route = fieldSchemaOf({ apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute" });

Deno.test("lists of known kinds merge as the API server's schema says", () => {
  assert.deepEqual(deployment.list("spec.template.spec.containers"), { type: "map", keys: ["name"] });
  assert.deepEqual(deployment.list("spec.template.spec.containers.args"), { type: "atomic" });
  assert.deepEqual(deployment.list("metadata.finalizers"), { type: "set" });
  assert.equal(deployment.known, true);
});

Deno.test("lists that nobody describes are atomic, metadata is the same everywhere", () => {
  assert.equal(route.known, false);
  assert.deepEqual(route.list("spec.rules"), { type: "atomic" });
  assert.deepEqual(route.list("metadata.ownerReferences"), { type: "map", keys: ["uid"] });
  assert.equal(route.isAtomicMap("metadata.ownerReferences"), true);
  assert.equal(route.isQuantity("spec.template.spec.containers.resources.limits.cpu"), false);
});

Deno.test("selectors and references are one value", () => {
  assert.equal(deployment.isAtomicMap("spec.selector"), true);
  assert.equal(deployment.isAtomicMap("spec.template.metadata"), false);
});

Deno.test("amounts are quantities for every resource name, also one with dots", () => {
  const resources = "spec.template.spec.containers.resources";
  assert.equal(deployment.isQuantity(`${resources}.limits.cpu`), true);
  assert.equal(deployment.isQuantity(`${resources}.requests.example.com/gpu`), true);
  assert.equal(deployment.isQuantity("spec.template.spec.volumes.emptyDir.sizeLimit"), true);
  assert.equal(deployment.isQuantity("spec.template.spec.containers.env.value"), false);
});

Deno.test("paths grow by a dot, but for the first step", () => {
  assert.equal(below("", "spec"), "spec");
  assert.equal(below("spec", "replicas"), "spec.replicas");
});

Deno.test("a list item's key is made of its key fields, with the protocol filled in", () => {
  assert.deepEqual(itemKey({ name: "a", value: "1" }, ["name"]), { name: "a" });
  assert.deepEqual(itemKey({ port: 80 }, ["port", "protocol"]), { port: 80, protocol: "TCP" });
  assert.deepEqual(itemKey({ port: 80, protocol: "UDP" }, ["port", "protocol"]), {
    port: 80,
    protocol: "UDP",
  });
});

Deno.test("an item that has none of the key fields has no key", () => {
  for (const item of [{ value: "1" }, { name: null }, null, undefined, "text", 7]) {
    assert.equal(itemKey(item, ["name"]), undefined, JSON.stringify(item));
  }
  assert.equal(itemKey({ name: "x" }, ["port", "protocol"]), undefined);
});
