import assert from "node:assert/strict";
import {
  emptyFieldSet,
  type FieldPath,
  isEmptyFieldSet,
  owns,
  ownsWithin,
  parseFields,
  parseStep,
  serializeFields,
  stepText,
  unionFields,
  withoutField,
} from "./field_set.ts";

/** As kube-apiserver 1.34 writes it for a Deployment that was created by POST. */
const deployment = {
  "f:metadata": {
    "f:labels": { ".": {}, "f:app.kubernetes.io/name": {} },
    "f:ownerReferences": { ".": {}, 'k:{"uid":"u1"}': {} },
    "f:finalizers": { ".": {}, 'v:"coder.com/x"': {} },
  },
  "f:spec": {
    "f:replicas": {},
    "f:template": {
      "f:spec": {
        "f:containers": {
          'k:{"name":"c"}': {
            ".": {},
            "f:image": {},
            "f:name": {},
            "f:ports": {
              ".": {},
              'k:{"containerPort":8080,"protocol":"TCP"}': {
                ".": {},
                "f:containerPort": {},
                "f:protocol": {},
              },
            },
          },
        },
      },
    },
  },
};
const container: FieldPath = ["spec", "template", "spec", "containers", { key: { name: "c" } }];

Deno.test("what was parsed is serialised as it was", () => {
  assert.deepEqual(serializeFields(parseFields(deployment)), deployment);
  assert.deepEqual(serializeFields(emptyFieldSet), {});
});

Deno.test("steps keep their meaning through text and back", () => {
  const steps = ["name", { key: { b: 1, a: "x" } }, { value: 'with "quotes"' }, { value: 7 }, { index: 3 }];
  assert.deepEqual(steps.map(stepText), [
    "f:name",
    'k:{"a":"x","b":1}',
    'v:"with \\"quotes\\""',
    "v:7",
    "i:3",
  ]);
  for (const step of steps) assert.deepEqual(parseStep(stepText(step)), step);
});

Deno.test("text that is no step is not one", () => {
  for (const text of ["", "f", "k:", "k:[1]", "k:nonsense", "v:", "i:-1", "i:x", "z:future", "."]) {
    assert.equal(parseStep(text), undefined, text);
  }
});

Deno.test("keys of a list item are found in whatever order they are given", () => {
  const set = parseFields(deployment);
  const port = { key: { protocol: "TCP", containerPort: 8080 } };
  assert.equal(owns(set, [...container, "ports", port]), true);
  assert.equal(owns(set, [...container, "ports", { key: { protocol: "UDP", containerPort: 8080 } }]), false);
});

Deno.test("a path is owned only where it is itself in the set", () => {
  const set = parseFields(deployment);
  assert.equal(owns(set, ["spec", "replicas"]), true);
  assert.equal(owns(set, ["spec"]), false);
  assert.equal(owns(set, container), true, "the dot makes the item itself a member");
  assert.equal(owns(set, ["metadata", "finalizers", { value: "coder.com/x" }]), true);
  assert.equal(owns(set, ["spec", "replicas", "below"]), false);
});

Deno.test("something within a path is owned where the path or anything below it is", () => {
  const set = parseFields(deployment);
  assert.equal(ownsWithin(set, ["spec"]), true);
  assert.equal(ownsWithin(set, ["spec", "template", "metadata"]), false);
  assert.equal(ownsWithin(set, ["metadata", "ownerReferences", { key: { uid: "u1" } }]), true);
  assert.equal(ownsWithin(set, ["metadata", "ownerReferences", { key: { uid: "u2" } }]), false);
});

Deno.test("a union holds what either of its sets holds, and is the same in either order", () => {
  const left = parseFields({ "f:a": {}, "f:b": { "f:c": {} } });
  const right = parseFields({ "f:b": { ".": {}, "f:d": {} }, "f:e": { 'v:"x"': {} } });
  const expected = { "f:a": {}, "f:b": { ".": {}, "f:c": {}, "f:d": {} }, "f:e": { 'v:"x"': {} } };
  assert.deepEqual(serializeFields(unionFields(left, right)), expected);
  assert.deepEqual(serializeFields(unionFields(right, left)), expected);
  assert.deepEqual(serializeFields(unionFields(left)), { "f:a": {}, "f:b": { "f:c": {} } });
  assert.deepEqual(
    serializeFields(left),
    { "f:a": {}, "f:b": { "f:c": {} } },
    "its parts are left as they were",
  );
});

Deno.test("a removed path takes everything below with it, and the steps that led nowhere else", () => {
  const set = parseFields(deployment);
  const without = withoutField(set, ["spec", "replicas"]);
  assert.equal(ownsWithin(without, ["spec", "replicas"]), false);
  assert.equal(owns(without, container), true);
  const metadata = withoutField(withoutField(without, container), ["metadata", "labels"]);
  assert.deepEqual(Object.keys(serializeFields(metadata)), ["f:metadata"]);
  assert.equal(owns(set, ["spec", "replicas"]), true, "the set itself stays as it was");
  assert.equal(withoutField(set, ["spec", "paused"]), set);
  assert.equal(isEmptyFieldSet(withoutField(set, [])), true);
});

Deno.test("managed fields that are no field set at all read as the empty set", () => {
  for (const nonsense of [undefined, null, 1, "x", [], [1]]) {
    assert.equal(isEmptyFieldSet(parseFields(nonsense)), true, JSON.stringify(nonsense));
  }
});

Deno.test("steps of an unknown kind are dropped without claiming what is above them", () => {
  const set = parseFields({ "f:a": { "z:new": {} }, "f:b": {}, "f:c": 7, nonsense: {} });
  assert.deepEqual(serializeFields(set), { "f:b": {} });
  assert.equal(owns(set, ["a"]), false);
});

Deno.test("a dot at the root does not make the whole object a member", () => {
  assert.equal(owns(parseFields({ ".": {}, "f:a": {} }), []), false);
});
