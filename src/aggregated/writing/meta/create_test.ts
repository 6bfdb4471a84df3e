import assert from "node:assert/strict";
import type { KubeObject } from "../../../api/object.ts";
import { definition, refusal, stored } from "../decode/testing.ts";
import { asksForName, checkNew, prepareForCreate } from "./create.ts";

const kind = { definition };
const sentWith = (metadata: object, more: object = {}) =>
  ({ apiVersion: "x/v1", kind: "Gadget", metadata, spec: { color: "red" }, ...more }) as KubeObject;

Deno.test("what servers alone say is not taken from clients", () => {
  const object = sentWith({
    name: "a",
    namespace: "n",
    labels: { a: "b" },
    finalizers: ["x/a"],
    managedFields: [{ manager: "m" }],
    uid: "u",
    resourceVersion: "5",
    creationTimestamp: "2001-01-01T00:00:00Z",
    deletionTimestamp: "2001-01-01T00:00:00Z",
    deletionGracePeriodSeconds: 0,
    generation: 9,
  }, { status: { phase: "x" } });
  const before = structuredClone(object);
  assert.deepEqual(
    prepareForCreate(object),
    sentWith({
      name: "a",
      namespace: "n",
      labels: { a: "b" },
      finalizers: ["x/a"],
      managedFields: [{ manager: "m" }],
      generation: 1,
    }),
  );
  assert.deepEqual(object, before);
});

Deno.test("a name is made where one is asked for, and only there", () => {
  const unnamed = sentWith({ generateName: "made-" });
  assert.equal(prepareForCreate(unnamed, () => 0).metadata.name, "made-bbbbb");
  assert.equal(asksForName(unnamed), true);
  const named = sentWith({ name: "a", generateName: "made-" });
  assert.equal(prepareForCreate(named).metadata.name, "a");
  assert.equal(asksForName(named), false);
  const neither = sentWith({});
  assert.equal(prepareForCreate(neither).metadata.name, undefined);
  assert.equal(asksForName(neither), false);
  assert.notEqual(prepareForCreate(unnamed).metadata.name, prepareForCreate(unnamed).metadata.name);
});

Deno.test("metadata and values are judged together, and the refusal names the object", () => {
  assert.doesNotThrow(() => checkNew(stored(), kind));
  const { code, message, causes } = refusal(() =>
    checkNew(stored({ labels: { a: "-" } }, { color: "pink" }), kind)
  );
  assert.equal(code, 422);
  assert.match(message, /^Gadget\.gadgets\.coder\.test "a" is invalid: \[metadata\.labels: /);
  assert.deepEqual(causes, ["FieldValueInvalid metadata.labels", "FieldValueNotSupported spec.color"]);
  assert.deepEqual(refusal(() => checkNew(stored({ name: "" }), kind)).causes, [
    "FieldValueRequired metadata.name",
  ]);
});

Deno.test("a kind with a rule for names is judged by it", () => {
  const nameRule = () => ["never"];
  assert.deepEqual(refusal(() => checkNew(stored(), { ...kind, nameRule })).causes, [
    "FieldValueInvalid metadata.name",
  ]);
});

Deno.test("an object with ever so many mistakes gets an answer of a normal size", () => {
  const labels = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`a b${index}`, "-"]));
  const { causes, message } = refusal(() => checkNew(stored({ labels }), kind));
  assert.equal(causes.length, 100);
  assert.ok(message.length < 100_000);
});
