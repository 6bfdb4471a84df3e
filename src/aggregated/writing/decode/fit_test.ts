import assert from "node:assert/strict";
import { z } from "zod";
import { group, int32, intOrText, optional, stored, text } from "../../../api/field.ts";
import { templateDefinition } from "../../../api/template.ts";
import { workspaceDefinition } from "../../../api/workspace.ts";
import { fit } from "./fit.ts";
import type { Json } from "./json_value.ts";
import { shapeOf, sharedShape } from "./shape.ts";
import { definition } from "./testing.ts";

const shape = shapeOf(definition);
const spec = (value: Json) => fit({ spec: value }, shape);

Deno.test("what is known stays as it is", () => {
  const object = {
    apiVersion: "v1",
    kind: "Gadget",
    metadata: { name: "a", labels: { b: "c" }, ownerReferences: [{ uid: "u", controller: true }] },
    spec: { color: "red", size: 5, running: false, parts: { a: "b" }, tags: ["c"] },
    status: { usedAt: null, conditions: [{ type: "A", status: "True" }] },
  };
  assert.deepEqual(fit(object, shape), { value: object, unknown: [], mismatches: [] });
});

Deno.test("unknown fields are left out and told, at any depth", () => {
  const object = {
    odd: 1,
    metadata: { odd: {}, ownerReferences: [{ uid: "u", odd: 1 }] },
    spec: { odd: { color: 1 }, parts: { any: "x" } },
    status: { conditions: [{ odd: 1 }] },
    __proto__: 5,
  };
  const { value, unknown } = fit(JSON.parse(JSON.stringify(object)), shape);
  assert.deepEqual(unknown, [
    "odd",
    "metadata.odd",
    "metadata.ownerReferences[0].odd",
    "spec.odd",
    "status.conditions[0].odd",
  ]);
  assert.deepEqual(value, {
    metadata: { ownerReferences: [{ uid: "u" }] },
    spec: { parts: { any: "x" } },
    status: { conditions: [{}] },
  });
});

Deno.test("a field named as that of a prototype is unknown, and a key in a map as others", () => {
  assert.deepEqual(fit(JSON.parse('{"__proto__":{"x":1},"constructor":1}'), shape).unknown, [
    "__proto__",
    "constructor",
  ]);
  const { value } = spec(JSON.parse('{"color":"red","parts":{"__proto__":"x"}}'));
  assert.equal(JSON.stringify(value), '{"spec":{"color":"red","parts":{"__proto__":"x"}}}');
});

Deno.test("null means nothing, but where it is a value, and is the empty text among labels", () => {
  const { value, mismatches } = fit({
    metadata: { labels: { a: null }, annotations: null },
    spec: { color: "red", size: null, parts: { a: null, b: "c" } },
    status: { usedAt: null },
  }, shape);
  assert.deepEqual(mismatches, []);
  assert.deepEqual(value, {
    metadata: { labels: { a: "" } },
    spec: { color: "red", parts: { b: "c" } },
    status: { usedAt: null },
  });
});

Deno.test("values of other types are told with their paths, all of them", () => {
  const { mismatches } = fit({
    metadata: { labels: { a: 5 }, finalizers: "x", creationTimestamp: "yesterday" },
    spec: { color: 5, size: 1.5, running: "yes", parts: [], tags: ["a", null, {}] },
    status: [],
  }, shape);
  assert.deepEqual(mismatches, [
    "metadata.labels.a must be a string, not the number 5",
    "metadata.finalizers must be a list, not a string",
    "metadata.creationTimestamp must be a time as RFC 3339 has it, not a string",
    "spec.color must be a string, not the number 5",
    "spec.size must be a whole number of int64, not the number 1.5",
    "spec.running must be a boolean, not a string",
    "spec.parts must be an object, not a list",
    "spec.tags[1] must be a value, not null",
    "spec.tags[2] must be a string, not an object",
    "status must be an object, not a list",
  ]);
  assert.deepEqual(fit("x", shape).mismatches, ["the object must be an object, not a string"]);
});

Deno.test("whole numbers that cannot be kept exactly are refused, not rounded", () => {
  assert.deepEqual(spec({ size: Number.MAX_SAFE_INTEGER }).mismatches, []);
  assert.equal(spec({ size: 2 ** 53 }).mismatches.length, 1);
  const small = shapeOf({ schema: { a: optional(int32("A.")) } });
  assert.deepEqual(fit({ a: 2 ** 31 - 1 }, small).mismatches, []);
  assert.equal(fit({ a: 2 ** 31 }, small).mismatches.length, 1);
});

Deno.test("either a number or a text is one or the other", () => {
  const either = shapeOf({ schema: { a: optional(intOrText("A.")) } });
  for (const a of [5, "5%"]) assert.deepEqual(fit({ a }, either).value, { a });
  assert.deepEqual(fit({ a: true }, either).mismatches, [
    "a must be a whole number or a text, not a boolean",
  ]);
});

Deno.test("what is stored where nothing is said is a copy each time", () => {
  const defaults = shapeOf({
    schema: { spec: stored(group("S.", { a: stored(text("A."), "x"), b: z.string().default("y") }), {}) },
  });
  const [one, other] = [fit({}, defaults).value, fit({ spec: null }, defaults).value];
  assert.deepEqual(one, { spec: {} });
  assert.deepEqual(other, one);
  assert.notEqual((one as { spec: object }).spec, (other as { spec: object }).spec);
  assert.deepEqual(fit({ spec: {} }, defaults).value, { spec: { a: "x" } });
});

Deno.test("the kinds of Coder are what their zod schemas say", () => {
  const workspace = shapeOf({
    schema: { spec: workspaceDefinition.spec, status: workspaceDefinition.status },
  });
  const { unknown, mismatches } = fit({
    spec: { running: "yes", ttlMillis: 5, richParameters: [] },
    status: { agents: [{ apps: [{ slug: 5 }] }] },
  }, workspace);
  assert.deepEqual(unknown, ["spec.richParameters"]);
  assert.deepEqual(mismatches.map((one) => one.split(" ")[0]), [
    "spec.running",
    "status.agents[0].apps[0].slug",
  ]);
  const template = shapeOf({ schema: { spec: templateDefinition.spec, status: templateDefinition.status } });
  assert.deepEqual(fit({ spec: { files: {} } }, template).value, { spec: { files: {} } });
  assert.deepEqual(template.required, ["spec"]);
});

Deno.test("the same definition has the same shape; what all of Kubernetes shares tells how lists are merged", () => {
  assert.equal(shapeOf(definition), shape);
  const { fields } = sharedShape("ObjectMeta");
  assert.deepEqual(fields.get("ownerReferences")?.patch, { strategy: "merge", mergeKey: "uid" });
  assert.deepEqual(fields.get("finalizers")?.patch, { strategy: "merge" });
  assert.equal(fields.get("finalizers")?.isSet, true);
  assert.equal(fields.get("managedFields")?.patch, undefined);
  const conditions = shape.fields.get("status")?.fields.get("conditions");
  assert.deepEqual(conditions?.patch, { strategy: "merge", mergeKey: "type" });
  assert.deepEqual(conditions?.mapKeys, ["type"]);
});
