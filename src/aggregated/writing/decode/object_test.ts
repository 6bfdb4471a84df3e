import assert from "node:assert/strict";
import { checkSchema, decodeObject, judge } from "./object.ts";
import { sameJson } from "./json_value.ts";
import { definition, refusal, sent, stored } from "./testing.ts";
import { isTime, timeText } from "./time.ts";

const BODY = {
  apiVersion: "gadgets.coder.test/v1alpha1",
  kind: "Gadget",
  metadata: { name: "a" },
  spec: { color: "red" },
};
const read = (body: unknown, more: Parameters<typeof sent>[1] = {}, warnings: string[] = []) =>
  decodeObject(sent(body, more), definition, (text) => void warnings.push(text));

Deno.test("an object gets the namespace of the path, and loses what says nothing", () => {
  const metadata = { name: "a", labels: {}, generateName: "", selfLink: "/x", deletionGracePeriodSeconds: 0 };
  assert.deepEqual(read({ ...BODY, metadata }), {
    ...BODY,
    metadata: { name: "a", namespace: "n", deletionGracePeriodSeconds: 0 },
  });
  assert.deepEqual(read({ ...BODY, metadata: { name: "a", namespace: "n" } }).metadata.namespace, "n");
});

Deno.test("kind and version may be absent, and are the path's", () => {
  assert.deepEqual(read({ spec: {} }), { ...BODY, metadata: { namespace: "n" }, spec: {} });
  assert.equal(read({ kind: "", apiVersion: "" }).kind, "Gadget");
});

Deno.test("another kind, version, name or namespace than that of the path is refused", () => {
  const cases: [unknown, string, RegExp][] = [
    [{ ...BODY, kind: "Widget" }, "", /the kind in the data \("Widget"\)/],
    [{ ...BODY, kind: 5 }, "", /the kind in the data \(5\)/],
    [{ ...BODY, apiVersion: "x/v1" }, "", /the API version in the data \("x\/v1"\)/],
    [BODY, "b", /the name of the object \(a\) does not match the name on the URL \(b\)/],
    [{ ...BODY, metadata: {} }, "b", /the name of the object \(\) does not/],
    [{ ...BODY, metadata: { name: "a", namespace: "m" } }, "", /the namespace of the provided object/],
    [[], "", /must be an object of the kind Gadget, not a list/],
    [null, "", /not null/],
    ["5", "", /not a number/],
  ];
  for (const [body, name, message] of cases) {
    const refused = refusal(() => read(body, { name }));
    assert.deepEqual([refused.code, refused.reason], [400, "BadRequest"]);
    assert.match(refused.message, message);
  }
});

Deno.test("an object of the cluster has no namespace", () => {
  const object = read({ ...BODY, metadata: { name: "a", namespace: "x" } }, { namespace: "" });
  assert.equal("namespace" in object.metadata, false);
});

Deno.test("unknown and repeated fields are refused, told or passed over, as was asked", () => {
  const body = '{"metadata":{"name":"a","odd":1},"spec":{"color":"red","color":"blue","odd":1},"other":{}}';
  const strict = refusal(() => read(body, { options: { fieldValidation: "Strict" } }));
  assert.equal(strict.code, 400);
  const all = [
    'duplicate field "spec.color"',
    'unknown field "metadata.odd"',
    'unknown field "spec.odd"',
    'unknown field "other"',
  ];
  assert.match(strict.message, new RegExp(`strict decoding error: ${all.join(", ")}$`));
  const warnings: string[] = [];
  assert.deepEqual(read(body, {}, warnings).metadata, { name: "a", namespace: "n" });
  assert.deepEqual(warnings, all);
  const none: string[] = [];
  read(body, { options: { fieldValidation: "Ignore" } }, none);
  assert.deepEqual(none, []);
});

Deno.test("nothing is judged where nothing is odd", () => {
  judge([], "Strict", () => assert.fail("warned"), () => assert.fail("refused"));
});

Deno.test("values of wrong types are refused, with every path, before unknown fields are", () => {
  const body = { ...BODY, spec: { color: 5, size: "x", odd: 1 }, metadata: { name: 5 } };
  const { code, message } = refusal(() => read(body, { options: { fieldValidation: "Strict" } }));
  assert.equal(code, 400);
  for (const field of ["spec.color", "spec.size", "metadata.name"]) {
    assert.ok(message.includes(`${field} must be`));
  }
  assert.doesNotMatch(message, /odd/);
});

Deno.test("values that break rules of the kind are refused as invalid, with causes", () => {
  assert.doesNotThrow(() => checkSchema(stored(), definition));
  const { code, reason, causes } = refusal(() => checkSchema(stored({}, { color: "pink" }), definition));
  assert.deepEqual([code, reason, causes], [422, "Invalid", ["FieldValueNotSupported spec.color"]]);
});

Deno.test("values are the same whatever the order of their fields", () => {
  assert.ok(sameJson({ a: [1, { b: null }], c: "d" }, { c: "d", a: [1, { b: null }] }));
  for (
    const [one, other] of [[{ a: 1 }, { b: 1 }], [[1], [1, 2]], [[], {}], [{ a: 1 }, { a: 1, b: 2 }], [
      null,
      {},
    ], [1, "1"]] as const
  ) {
    assert.ok(!sameJson(one as never, other as never), JSON.stringify([one, other]));
  }
  assert.ok(!sameJson(JSON.parse('{"__proto__":1}'), {}));
  assert.ok(!sameJson({}, JSON.parse('{"constructor":1}')));
});

Deno.test("times are those of RFC 3339, and are told in seconds", () => {
  for (const text of ["2026-01-01T00:00:00Z", "2026-01-01t00:00:00.5z", "2026-12-31T23:59:59-08:00"]) {
    assert.ok(isTime(text), text);
  }
  for (
    const text of [
      "",
      "2026-01-01",
      "2026-01-01 00:00:00Z",
      "2026-13-01T00:00:00Z",
      "2026-01-01T25:00:00Z",
      "x2026-01-01T00:00:00Z",
    ]
  ) {
    assert.ok(!isTime(text), text);
  }
  assert.equal(timeText(1_767_225_600_999), "2026-01-01T00:00:00Z");
});
