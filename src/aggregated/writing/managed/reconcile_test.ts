import assert from "node:assert/strict";
import { seededRandom } from "../../../telemetry/testing/random.ts";
import { fieldsOf } from "./fields_of.ts";
import { fromFieldsV1, toFieldsV1 } from "./fields_v1.ts";
import type { JsonMap } from "./json.ts";
import { reconcile } from "./reconcile.ts";
import { forSeeds, randomSpec, specSchema } from "./testing.ts";

/** Written under an older schema, and as it is understood now. */
const CASES: [string, JsonMap, JsonMap][] = [
  ["keys of a map that is atomic now", { "f:files": { ".": {}, "f:a": {} }, "f:title": {} }, {
    "f:files": {},
    "f:title": {},
  }],
  ["items of a list that is atomic now", { "f:args": { 'v:"a"': {}, 'v:"b"': {} } }, { "f:args": {} }],
  ["a map that was atomic", { "f:limits": {} }, { "f:limits": {} }],
  ["a list that was atomic", { "f:tags": {} }, { "f:tags": {} }],
  ["fields that are not known", { "f:unknown": { "f:a": {} }, "f:extra": { "f:a": { "f:b": {} } } }, {
    "f:unknown": { "f:a": {} },
    "f:extra": { "f:a": { "f:b": {} } },
  }],
  ["fields of a value", { "f:title": { "f:a": {} } }, { "f:title": { "f:a": {} } }],
];

Deno.test("a set that is older than the schema is understood as the schema has it", () => {
  for (const [what, before, after] of CASES) {
    assert.deepEqual(toFieldsV1(reconcile(specSchema, fromFieldsV1(before))), after, what);
  }
});

Deno.test("what is atomic below something else is found", () => {
  const schema = { kind: "map" as const, isAtomic: false, fields: new Map([["spec", specSchema]]) };
  const fields = fromFieldsV1({ "f:spec": { "f:files": { "f:a": {} } } });
  assert.deepEqual(toFieldsV1(reconcile(schema, fields)), { "f:spec": { "f:files": {} } });
});

Deno.test("a set of the schema is the very same", () => {
  forSeeds(100, seededRandom, (random) => {
    const fields = fieldsOf(specSchema, randomSpec(random));
    assert.equal(reconcile(specSchema, fields), fields);
  });
});
