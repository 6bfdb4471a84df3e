import assert from "node:assert/strict";
import { toFieldsV1 } from "./fields_v1.ts";
import type { JsonMap } from "./json.ts";
import { fieldsOfLastApplied, LAST_APPLIED, withLastApplied } from "./last_applied.ts";
import { API_VERSION, schema } from "./testing.ts";

function object(spec: JsonMap, annotations?: JsonMap): JsonMap {
  return {
    apiVersion: API_VERSION,
    kind: "Thing",
    metadata: { name: "a", ...(annotations === undefined ? {} : { annotations }) },
    spec,
  };
}

function live(spec: JsonMap, last: unknown): JsonMap {
  return object(spec, { [LAST_APPLIED]: typeof last === "string" ? last : JSON.stringify(last) });
}

const fieldsIn = (found: JsonMap) => {
  const fields = fieldsOfLastApplied(found, schema, API_VERSION);
  return fields === undefined ? undefined : toFieldsV1(fields)["f:spec"];
};

Deno.test("what was applied and is still the same is known by the annotation", () => {
  const last = object({ title: "a", size: 1, limits: { a: "1", b: "2" }, tags: ["x", "y"] });
  assert.deepEqual(
    fieldsIn(live({ title: "a", size: 2, limits: { a: "1", b: "3", c: "4" }, tags: ["x"] }, last)),
    {
      "f:title": {},
      "f:limits": { "f:a": {} },
      "f:tags": { 'v:"x"': {} },
    },
  );
});

Deno.test("an annotation that proves nothing is as if there were none", () => {
  const good = object({ title: "a" });
  const useless: unknown[] = [
    "",
    "{",
    "[]",
    '"a"',
    { ...good, apiVersion: "test.coder.com/v0" },
    { ...good, spec: { nothing: 1 } },
    { ...good, spec: { tags: ["a", "a"] } },
  ];
  for (const last of useless) {
    assert.equal(fieldsIn(live({ title: "a" }, last)), undefined, JSON.stringify(last));
  }
  assert.equal(fieldsIn(object({ title: "a" })), undefined);
  assert.equal(fieldsIn(object({ title: "a" }, { other: "b" })), undefined);
  assert.deepEqual(fieldsIn(live({ title: "a" }, good)), { "f:title": {} });
});

const annotationOf = (found: JsonMap) =>
  ((found["metadata"] as JsonMap)["annotations"] as JsonMap | undefined)?.[LAST_APPLIED];

Deno.test("the annotation follows what is applied", () => {
  const before = live({ title: "a" }, object({ title: "a" }));
  const config = object({ title: "<b>", size: 1 }, { note: "n" });
  assert.equal(
    annotationOf(withLastApplied(before, config)),
    `{"apiVersion":"${API_VERSION}","kind":"Thing","metadata":{"annotations":{"note":"n"},"name":"a"},` +
      `"spec":{"size":1,"title":"\\u003cb\\u003e"}}\n`,
  );
  assert.equal(
    annotationOf(withLastApplied(before, object({}))),
    `{"apiVersion":"${API_VERSION}","kind":"Thing","metadata":{"name":"a"},"spec":{}}\n`,
  );
});

Deno.test("an annotation is in no annotation", () => {
  const text = annotationOf(withLastApplied(live({}, object({})), live({ title: "a" }, "old")));
  assert.deepEqual(JSON.parse(String(text)).metadata, { name: "a", annotations: {} });
});

Deno.test("who had no annotation gets none", () => {
  for (const annotations of [undefined, {}, { other: "b" }, { [LAST_APPLIED]: "" }]) {
    const before = object({}, annotations);
    assert.equal(withLastApplied(before, object({ title: "a" })), before);
  }
});

Deno.test("an annotation for which there is no room goes", () => {
  const before = object({}, { [LAST_APPLIED]: "old", other: "b" });
  const after = withLastApplied(before, object({ title: "é".repeat(130 * 1024) }));
  assert.deepEqual((after["metadata"] as JsonMap)["annotations"], { other: "b" });
  const fits = withLastApplied(before, object({ title: "é".repeat(100 * 1024) }));
  assert.ok(String(annotationOf(fits)).length > 100 * 1024);
});
