import assert from "node:assert/strict";
import type { KubeObject } from "../../../api/object.ts";
import { definition, refusal, stored } from "../decode/testing.ts";
import type { KindRules } from "./rules.ts";
import { checkChanged, checkSuppositions, isUnchanged, prepareForUpdate } from "./update.ts";

const kind = { definition };
const WHOLE = { isWhole: true };
const current = stored({ labels: { a: "b" }, generation: 3 });
const suppose =
  (metadata: object, wish = WHOLE as { isWhole: boolean }, rules: Partial<KindRules> = {}) => () =>
    checkSuppositions({ ...current, metadata } as KubeObject, current, { ...kind, ...rules }, wish);

Deno.test("an object of the version that is there may be changed", () => {
  assert.doesNotThrow(suppose({ resourceVersion: "7" }));
  assert.doesNotThrow(suppose({ resourceVersion: "7", uid: "u1" }));
});

Deno.test("another version, or another object of that name, is a conflict", () => {
  const version = refusal(suppose({ resourceVersion: "6" }));
  assert.deepEqual([version.code, version.reason], [409, "Conflict"]);
  assert.match(version.message, /gadgets\.gadgets\.coder\.test "a": the object has been modified/);
  const uid = refusal(suppose({ resourceVersion: "7", uid: "u2" }));
  assert.deepEqual([uid.code, uid.reason], [409, "Conflict"]);
  assert.match(uid.message, /UID in precondition: u2, UID in object meta: u1/);
});

Deno.test("the uid that a patch says is a change, not a condition", () => {
  assert.doesNotThrow(suppose({ resourceVersion: "7", uid: "u2" }, { isWhole: false }));
});

Deno.test("a version must be said, unless the kind does without, and is a number", () => {
  for (const resourceVersion of ["", "0", undefined, "x", "-1"]) {
    const { code, reason, causes } = refusal(suppose({ resourceVersion }));
    assert.deepEqual([code, reason, causes], [422, "Invalid", [
      "FieldValueInvalid metadata.resourceVersion",
    ]]);
  }
  assert.doesNotThrow(suppose({}, WHOLE, { unversioned: "Allowed" }));
});

Deno.test("a kind may call an update without a version a bad request, and every other version a conflict", () => {
  const refused = (metadata: object) => refusal(suppose(metadata, WHOLE, { unversioned: "BadRequest" }));
  const { code, reason, message } = refused({});
  assert.deepEqual([code, reason], [400, "BadRequest"]);
  assert.match(message, /metadata\.resourceVersion must be specified/);
  assert.equal(refused({ resourceVersion: "0" }).code, 409);
});

Deno.test("a kind says which versions are the same, and an object keeps the version that it has", () => {
  const isSameVersion = (left: string, right: string) => Number(left) % 10 === Number(right) % 10;
  assert.doesNotThrow(suppose({ resourceVersion: "17" }, WHOLE, { isSameVersion }));
  assert.equal(refusal(suppose({ resourceVersion: "18" }, WHOLE, { isSameVersion })).code, 409);
  const other = { ...current, metadata: { ...current.metadata, resourceVersion: "17" } };
  assert.equal(prepareForUpdate(other, current).metadata.resourceVersion, "7");
});

Deno.test("an update keeps what servers say, and the status", () => {
  const was = {
    ...stored({
      deletionTimestamp: "2026-01-02T00:00:00Z",
      deletionGracePeriodSeconds: 0,
      generation: 3,
      labels: { a: "b" },
    }),
    status: { phase: "On" },
  };
  const sent = {
    ...was,
    metadata: {
      name: "a",
      namespace: "n",
      resourceVersion: "7",
      creationTimestamp: "2001-01-01T00:00:00Z",
      generation: 99,
      labels: { c: "d" },
    },
    status: { phase: "Off" },
  };
  const { metadata: { labels: _, ...kept } } = was;
  assert.deepEqual(prepareForUpdate(sent, was), { ...was, metadata: { ...kept, labels: { c: "d" } } });
  const { status: _status, ...without } = was;
  assert.equal("status" in prepareForUpdate(sent, without), false);
});

Deno.test("the generation grows with every change of anything but metadata", () => {
  const generation = (object: KubeObject) => prepareForUpdate(object, current).metadata.generation;
  assert.equal(generation(current), 3);
  assert.equal(generation({ ...current, metadata: { ...current.metadata, labels: {} } }), 3);
  assert.equal(generation({ ...current, spec: { color: "blue" } } as KubeObject), 4);
  const { generation: _, ...uncounted } = current.metadata;
  const old = { ...current, metadata: uncounted };
  assert.equal(prepareForUpdate(old, old).metadata.generation, undefined);
});

Deno.test("what is equal but for its version is unchanged", () => {
  const same = { ...current, metadata: { ...current.metadata, resourceVersion: "9" } };
  assert.equal(isUnchanged(same, current), true);
  assert.equal(isUnchanged({ ...same, metadata: { ...same.metadata, labels: {} } }, current), false);
  assert.equal(isUnchanged({ ...same, spec: { color: "blue" } } as KubeObject, current), false);
});

Deno.test("fields that cannot be changed are named", () => {
  const changes: [object, string[]][] = [
    [{ uid: "u2" }, ["metadata.uid"]],
    [{ name: "b" }, ["metadata.name"]],
    [{ namespace: "m" }, ["metadata.namespace"]],
    [{ creationTimestamp: "2001-01-01T00:00:00Z" }, ["metadata.creationTimestamp"]],
    [{ deletionTimestamp: "2001-01-01T00:00:00Z", deletionGracePeriodSeconds: 1 }, [
      "metadata.deletionTimestamp",
      "metadata.deletionGracePeriodSeconds",
    ]],
  ];
  for (const [change, fields] of changes) {
    const object = { ...current, metadata: { ...current.metadata, ...change } };
    const { code, causes } = refusal(() => checkChanged(object, current, kind));
    assert.deepEqual([code, causes], [422, fields.map((field) => `FieldValueInvalid ${field}`)]);
  }
  assert.doesNotThrow(() => checkChanged(current, current, kind));
});

Deno.test("once deletion has begun, finalizers go and do not come", () => {
  const dying = stored({ deletionTimestamp: "2026-01-02T00:00:00Z", finalizers: ["x/a", "x/b"] });
  const left = { ...dying, metadata: { ...dying.metadata, finalizers: ["x/b"] } };
  assert.doesNotThrow(() => checkChanged(left, dying, kind));
  const more = { ...dying, metadata: { ...dying.metadata, finalizers: ["x/a", "x/c"] } };
  const { causes, message } = refusal(() => checkChanged(more, dying, kind));
  assert.deepEqual(causes, ["FieldValueForbidden metadata.finalizers"]);
  assert.match(message, /found new finalizers x\/c$/);
});

Deno.test("values that were wrong before and are as they were stop nobody", () => {
  const odd = stored({}, { color: "pink", size: 1 });
  assert.doesNotThrow(() =>
    checkChanged({ ...odd, metadata: { ...odd.metadata, labels: { a: "b" } } }, odd, kind)
  );
  const worse = { ...odd, spec: { color: "pink", size: -1 } };
  assert.deepEqual(refusal(() => checkChanged(worse, odd, kind)).causes, ["FieldValueInvalid spec.size"]);
  const other = { ...odd, spec: { color: "gray" } };
  assert.deepEqual(refusal(() => checkChanged(other, odd, kind)).causes, [
    "FieldValueNotSupported spec.color",
  ]);
});
