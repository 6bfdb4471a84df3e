import assert from "node:assert/strict";
import { definition } from "../decode/testing.ts";
import type { JsonObject } from "../decode/json_value.ts";
import { shapeOf } from "../decode/shape.ts";
import { WriteBench } from "../testing/bench.ts";
import { withoutNulls } from "./nulls.ts";

const shape = shapeOf(definition);
const of = (object: JsonObject) => withoutNulls(object, shape);

Deno.test("null is nothing where a field has no null", () => {
  assert.deepEqual(of({ spec: { color: null, size: 1, parts: { a: null, b: "1" } }, status: null }), {
    spec: { size: 1, parts: { b: "1" } },
  });
  assert.deepEqual(of({ metadata: { creationTimestamp: null, name: "a" } }), { metadata: { name: "a" } });
});

Deno.test("null is a value where a field has one, and the empty text among labels", () => {
  assert.deepEqual(of({ status: { usedAt: null } }), { status: { usedAt: null } });
  assert.deepEqual(of({ metadata: { labels: { a: null } } }), { metadata: { labels: { a: "" } } });
});

Deno.test("what is wrong stays as it is, to be told", () => {
  const wrong = { unknown: { a: null }, spec: { colour: null, color: { a: null }, tags: [null, "a"] } };
  assert.deepEqual(of(wrong), wrong);
  const named = JSON.parse('{"spec":{"parts":{"__proto__":"a"}}}');
  assert.deepEqual(JSON.stringify(of(named)), JSON.stringify(named));
});

Deno.test("a configuration with nulls stores nothing when it is applied again", async () => {
  const bench = new WriteBench();
  const config = {
    metadata: { labels: { a: null } },
    spec: { color: "red", size: null, parts: { a: null } },
  };
  const { object } = await bench.apply("a", config);
  assert.doesNotMatch(JSON.stringify(object?.metadata.managedFields), /f:size/);
  assert.deepEqual((await bench.apply("a", config)).object, object);
  assert.equal(bench.target.calls.includes("update"), false);
});
