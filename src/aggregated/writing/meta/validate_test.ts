import assert from "node:assert/strict";
import type { ObjectMeta, OwnerReference } from "../../../api/kubernetes/types.ts";
import { stored } from "../decode/testing.ts";
import { LAST_APPLIED } from "../managed/last_applied.ts";
import { withoutRepeatedOwners } from "./owner_references.ts";
import { finalizerWarnings, MAX_ANNOTATION_BYTES, metaCauses } from "./validate.ts";

const OWNER: OwnerReference = { apiVersion: "apps/v1", kind: "Deployment", name: "d", uid: "u" };
const causes = (meta: Partial<ObjectMeta>, rules = {}) =>
  metaCauses(stored(meta), { namespaced: true, ...rules }).map(({ reason, field }) => `${reason} ${field}`);
const owners = (...references: object[]) => causes({ ownerReferences: references as OwnerReference[] });

Deno.test("metadata as it should be has nothing wrong", () => {
  assert.deepEqual(
    causes({
      generateName: "a-",
      labels: { "example.com/a": "b", c: "" },
      annotations: { "EXAMPLE.com/A": "anything: \u{1f600}" },
      finalizers: ["example.com/f", "orphan"],
      ownerReferences: [{ ...OWNER, controller: true }, { ...OWNER, uid: "v", controller: false }],
    }),
    [],
  );
});

Deno.test("every wrong field is told, once for each thing that is wrong", () => {
  assert.deepEqual(
    causes({
      name: "A_",
      generateName: "_",
      namespace: "N",
      generation: -1,
      labels: { "a b": "c d" },
      annotations: { "a b": "c d" },
      finalizers: ["a b", "orphan", "foregroundDeletion"],
    }),
    [
      "FieldValueInvalid metadata.generateName",
      "FieldValueInvalid metadata.name",
      "FieldValueInvalid metadata.namespace",
      "FieldValueInvalid metadata.generation",
      "FieldValueInvalid metadata.labels",
      "FieldValueInvalid metadata.labels",
      "FieldValueInvalid metadata.annotations",
      "FieldValueInvalid metadata.finalizers",
      "FieldValueInvalid metadata.finalizers",
    ],
  );
});

Deno.test("a name is needed, and a namespace where the kind has them", () => {
  assert.deepEqual(causes({ name: "" }), ["FieldValueRequired metadata.name"]);
  assert.deepEqual(causes({ namespace: "" }), ["FieldValueRequired metadata.namespace"]);
  assert.deepEqual(causes({}, { namespaced: false }), ["FieldValueForbidden metadata.namespace"]);
  assert.deepEqual(causes({ namespace: "" }, { namespaced: false }), []);
});

Deno.test("a kind may have names of its own, as long as paths can hold them", () => {
  const nameRule = (name: string) => /^[A-Z]/.test(name) ? [] : ["must begin with a capital"];
  assert.deepEqual(causes({ name: "Org.Owner" }, { nameRule }), []);
  assert.deepEqual(causes({ name: "org" }, { nameRule }), ["FieldValueInvalid metadata.name"]);
  assert.deepEqual(causes({ name: "Org/x" }, { nameRule }), ["FieldValueInvalid metadata.name"]);
});

Deno.test("annotations have room for so many bytes, keys and values together", () => {
  const sized = (bytes: number) => causes({ annotations: { abcd: "ä".repeat((bytes - 4) / 2) } });
  assert.deepEqual(sized(MAX_ANNOTATION_BYTES), []);
  assert.deepEqual(sized(MAX_ANNOTATION_BYTES + 2), ["FieldValueTooLong metadata.annotations"]);
});

Deno.test("who applies what annotations have no room for is told how it is applied all the same", () => {
  const told = (name: string) =>
    metaCauses(stored({ annotations: { [name]: "x".repeat(MAX_ANNOTATION_BYTES) } }), { namespaced: true })
      .map(({ message }) => message);
  assert.match(
    told(LAST_APPLIED).join(),
    /^Too long: .*; kubectl\.kubernetes\.io\/.*use kubectl apply --server-side$/,
  );
  assert.match(told("other").join(), /^Too long: may not be more than 262144 bytes$/);
});

Deno.test("owners have all their fields, are no events, and one of them controls", () => {
  assert.deepEqual(owners({}), [
    "FieldValueInvalid metadata.ownerReferences.apiVersion",
    "FieldValueInvalid metadata.ownerReferences.kind",
    "FieldValueInvalid metadata.ownerReferences.name",
    "FieldValueInvalid metadata.ownerReferences.uid",
  ]);
  for (const apiVersion of ["", "apps/", "a/b/c"]) {
    assert.deepEqual(owners({ ...OWNER, apiVersion }), [
      "FieldValueInvalid metadata.ownerReferences.apiVersion",
    ]);
  }
  assert.deepEqual(owners({ ...OWNER, apiVersion: "v1", kind: "Event" }), [
    "FieldValueInvalid metadata.ownerReferences",
  ]);
  assert.deepEqual(owners({ ...OWNER, apiVersion: "events.k8s.io/v1", kind: "Event" }), []);
  const controllers = [1, 2, 3].map((uid) => ({ ...OWNER, uid: String(uid), controller: true }));
  assert.equal(owners(...controllers).length, 2);
});

Deno.test("owners that are there twice are left out, with a warning", () => {
  const warnings: string[] = [];
  const warn = (text: string) => void warnings.push(text);
  const twice = stored({ ownerReferences: [OWNER, { ...OWNER, name: "e" }, { ...OWNER }] });
  assert.deepEqual(withoutRepeatedOwners(twice, warn).metadata.ownerReferences, [OWNER, {
    ...OWNER,
    name: "e",
  }]);
  assert.deepEqual(warnings.length, 1);
  assert.match(warnings[0]!, /duplicate entries.*: u$/);
  for (const object of [stored(), stored({ ownerReferences: [OWNER] })]) {
    assert.equal(withoutRepeatedOwners(object, () => assert.fail("warned")), object);
  }
});

Deno.test("new finalizers without a domain are warned of", () => {
  const object = stored({ finalizers: ["z", "a.b", "example.com/x", "orphan", "z"] });
  const warnings = finalizerWarnings(object);
  assert.equal(warnings.length, 2);
  assert.match(warnings[0]!, /"a\.b": prefer a domain-qualified finalizer name including a path/);
  assert.match(warnings[1]!, /"z": prefer a domain-qualified finalizer name to avoid/);
  assert.deepEqual(finalizerWarnings(object, object), []);
  assert.deepEqual(finalizerWarnings(stored()), []);
});
