import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import type { OwnerReference } from "../../api/kubernetes/types.ts";
import { controllerOf, controllerReference, isControlledBy, withController } from "./owner_references.ts";

const owner: KubeObject = {
  apiVersion: "coder.com/v1alpha1",
  kind: "CoderControlPlane",
  metadata: { name: "coder", namespace: "a", uid: "u-1" },
};

const reference: OwnerReference = {
  apiVersion: "coder.com/v1alpha1",
  kind: "CoderControlPlane",
  name: "coder",
  uid: "u-1",
  controller: true,
  blockOwnerDeletion: true,
};

function child(...ownerReferences: OwnerReference[]): KubeObject {
  return { apiVersion: "v1", kind: "Service", metadata: { name: "c", namespace: "a", ownerReferences } };
}

Deno.test("the controller reference names the owner and blocks its deletion", () => {
  assert.deepEqual(controllerReference(owner), reference);
});

Deno.test("an owner that is not stored yet cannot own anything", () => {
  const { uid: _uid, ...metadata } = owner.metadata;
  assert.throws(
    () => controllerReference({ ...owner, metadata }),
    /CoderControlPlane "coder" cannot own anything/,
  );
  assert.throws(() => controllerReference({ ...owner, kind: "" }), TypeError);
});

Deno.test("the controller is the reference that says so, not the first one", () => {
  const other: OwnerReference = { apiVersion: "v1", kind: "Pod", name: "p", uid: "u-9" };
  assert.equal(controllerOf(child(other)), undefined);
  assert.deepEqual(controllerOf(child(other, reference)), reference);
  assert.equal(controllerOf({ metadata: {} }), undefined);
});

Deno.test("an object is controlled only where apiVersion, kind, name and uid all agree", () => {
  assert.equal(isControlledBy(child(reference), owner), true);
  for (const change of [{ apiVersion: "coder.com/v1" }, { kind: "X" }, { name: "other" }, { uid: "u-2" }]) {
    assert.equal(isControlledBy(child({ ...reference, ...change }), owner), false, JSON.stringify(change));
  }
  assert.equal(isControlledBy(child({ ...reference, controller: false }), owner), false);
  assert.equal(isControlledBy(child(), owner), false);
});

Deno.test("an owner without uid controls nothing, not even an object whose reference has none", () => {
  const { uid: _uid, ...metadata } = owner.metadata;
  const broken = { ...reference, uid: undefined as unknown as string };
  assert.equal(isControlledBy(child(broken), { ...owner, metadata }), false);
});

Deno.test("putting the controller in keeps other references and replaces an old one to the same owner", () => {
  const other: OwnerReference = { apiVersion: "v1", kind: "Pod", name: "p", uid: "u-9" };
  const stale: OwnerReference = { ...reference, controller: false, name: "old" };
  assert.deepEqual(withController([other, stale], owner), [other, reference]);
  assert.deepEqual(withController(undefined, owner), [reference]);
});
