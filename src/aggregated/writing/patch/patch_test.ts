import assert from "node:assert/strict";
import { definition, refusal, sent, stored } from "../decode/testing.ts";
import { applyPatch, JSON_PATCH, MERGE_PATCH, PATCH_TYPES, STRATEGIC_PATCH } from "./patch.ts";

const current = stored({ finalizers: ["x/a"] });
function patch(contentType: string, body: unknown, options = {}, warnings: string[] = []) {
  const request = sent(body, { contentType, name: "a", options });
  return applyPatch(request, current, definition, (text) => void warnings.push(text));
}

Deno.test("each kind of patch makes an object of the kind, and the object stays as it was", () => {
  const before = structuredClone(current);
  const blue = { ...current, spec: { color: "blue" } };
  assert.deepEqual(patch(JSON_PATCH, [{ op: "replace", path: "/spec/color", value: "blue" }]), blue);
  assert.deepEqual(patch(MERGE_PATCH, { spec: { color: "blue" } }), blue);
  assert.deepEqual(patch(STRATEGIC_PATCH, { spec: { color: "blue" } }), blue);
  const { metadata } = patch(STRATEGIC_PATCH, { metadata: { finalizers: ["x/b"] } });
  assert.deepEqual(metadata.finalizers, ["x/b", "x/a"]);
  assert.deepEqual(current, before);
});

Deno.test("other media types are refused with those that there are", () => {
  for (const type of ["application/json", "", "application/apply-patch+yaml"]) {
    const { code, message } = refusal(() => patch(type, {}));
    assert.equal(code, 415);
    for (const known of PATCH_TYPES) assert.ok(message.includes(known));
  }
});

Deno.test("what cannot be read is refused as a patch", () => {
  for (const type of PATCH_TYPES) {
    const { code, message } = refusal(() => patch(type, "{"));
    assert.deepEqual([code, message], [400, "error decoding patch: unexpected end of JSON input"]);
  }
});

Deno.test("force is for applies alone", () => {
  const { code, causes } = refusal(() => patch(MERGE_PATCH, {}, { force: true }));
  assert.deepEqual([code, causes], [422, ["FieldValueForbidden force"]]);
});

Deno.test("what makes no object of the kind is refused, naming the patch", () => {
  const cases: [string, unknown][] = [
    [MERGE_PATCH, { spec: { color: 5 } }],
    [MERGE_PATCH, { spec: "x" }],
    [MERGE_PATCH, { kind: "Widget" }],
    [STRATEGIC_PATCH, { apiVersion: "x/v1" }],
    [JSON_PATCH, [{ op: "replace", path: "", value: [] }]],
  ];
  for (const [type, body] of cases) {
    const { code, reason, causes } = refusal(() => patch(type, body));
    assert.deepEqual(
      [code, reason, causes],
      [422, "Invalid", ["FieldValueInvalid patch"]],
      JSON.stringify(body),
    );
  }
});

Deno.test("an object keeps its name and namespace", () => {
  for (const metadata of [{ name: "b" }, { name: null }, { namespace: "m" }]) {
    assert.equal(refusal(() => patch(MERGE_PATCH, { metadata })).code, 400);
  }
  assert.equal(patch(MERGE_PATCH, { metadata: { namespace: null } }).metadata.namespace, "n");
});

Deno.test("unknown and repeated fields are refused, told or passed over, as was asked", () => {
  const cases: [string, string, string[]][] = [
    [MERGE_PATCH, '{"spec":{"size":1,"size":2,"odd":1}}', [
      'duplicate field "spec.size"',
      'unknown field "spec.odd"',
    ]],
    [STRATEGIC_PATCH, '{"odd":1}', ['unknown field "odd"']],
    [
      JSON_PATCH,
      '[{"op":"add","path":"/spec/odd","value":1,"why":2,"why":3}]',
      [
        'json patch duplicate field "[0].why"',
        'json patch unknown field "[0].why"',
        'unknown field "spec.odd"',
      ],
    ],
  ];
  for (const [type, body, expected] of cases) {
    const warnings: string[] = [];
    patch(type, body, {}, warnings);
    assert.deepEqual(warnings, expected);
    const strict = refusal(() => patch(type, body, { fieldValidation: "Strict" }));
    assert.deepEqual([strict.code, strict.causes], [422, ["FieldValueInvalid patch"]]);
    assert.ok(strict.message.includes(expected.join(", ")));
    const none: string[] = [];
    patch(type, body, { fieldValidation: "Ignore" }, none);
    assert.deepEqual(none, []);
  }
});

Deno.test("a patch can make an object so deep that nobody reads it", () => {
  const nest = Array.from({ length: 3000 }, () => [
    { op: "add", path: "/b", value: {} },
    { op: "move", from: "/a", path: "/b/a" },
    { op: "move", from: "/b", path: "/a" },
  ]).flat();
  const body = [{ op: "add", path: "/a", value: {} }, ...nest];
  const warnings: string[] = [];
  assert.deepEqual(patch(JSON_PATCH, body, {}, warnings), current);
  assert.deepEqual(warnings, ['unknown field "a"']);
});
