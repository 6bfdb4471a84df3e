import assert from "node:assert/strict";
import { seededRandom } from "../../../telemetry/testing/random.ts";
import { compare } from "./compare.ts";
import { toFieldsV1 } from "./fields_v1.ts";
import { fieldsOf } from "./fields_of.ts";
import type { Json, JsonMap } from "./json.ts";
import { forSeeds, randomSpec, specSchema } from "./testing.ts";

/** A spec, and its fields. */
const CASES: [Json, JsonMap][] = [
  [{}, {}],
  [null, {}],
  [{ title: "a", size: 1, on: false }, { "f:on": {}, "f:size": {}, "f:title": {} }],
  [{ title: null }, { "f:title": {} }],
  // A map that is merged is its keys; an empty one is a field.
  [{ limits: { a: "1", b: "2" } }, { "f:limits": { "f:a": {}, "f:b": {} } }],
  [{ limits: {} }, { "f:limits": {} }],
  [{ limits: null }, { "f:limits": {} }],
  // What is atomic is one field.
  [{ files: { a: "1" } }, { "f:files": {} }],
  [{ files: {} }, { "f:files": {} }],
  [{ args: ["a"] }, { "f:args": {} }],
  [{ args: [] }, { "f:args": {} }],
  // A list that is merged is its items; an empty one is nothing.
  [{ tags: ["a", "b"] }, { "f:tags": { 'v:"a"': {}, 'v:"b"': {} } }],
  [{ tags: [] }, {}],
  [
    { ports: [{ port: 1, protocol: "t", labels: { a: "b" } }] },
    {
      "f:ports": {
        'k:{"port":1,"protocol":"t"}': { ".": {}, "f:labels": { "f:a": {} }, "f:port": {}, "f:protocol": {} },
      },
    },
  ],
  [{ ports: null }, { "f:ports": {} }],
  // The keys of a map are fields with what is in them.
  [{ groups: { g: { a: "1" }, h: {} } }, { "f:groups": { "f:g": { ".": {}, "f:a": {} }, "f:h": {} } }],
  // What is untyped is merged down to values and lists.
  [
    { extra: { a: 1, l: [1], m: { n: { o: 1 } }, e: {}, x: null } },
    {
      "f:extra": {
        "f:a": {},
        "f:e": {},
        "f:l": {},
        "f:m": { ".": {}, "f:n": { ".": {}, "f:o": {} } },
        "f:x": {},
      },
    },
  ],
  // Items that cannot be told apart are owned together, without what is in them.
  [{ tags: ["a", "a"] }, { "f:tags": { 'v:"a"': {} } }],
  [
    { ports: [{ port: 1, name: "a" }, { port: 1 }, { port: 2 }] },
    { "f:ports": { 'k:{"port":1}': {}, 'k:{"port":2}': { ".": {}, "f:port": {} } } },
  ],
];

Deno.test("the fields of a configuration are those that it says", () => {
  for (const [value, fields] of CASES) {
    assert.deepEqual(toFieldsV1(fieldsOf(specSchema, value)), fields, JSON.stringify(value));
  }
});

Deno.test("all fields of an object are new where there was none", () => {
  forSeeds(200, seededRandom, (random) => {
    const spec = randomSpec(random);
    const fields = fieldsOf(specSchema, spec);
    const { added, modified, removed } = compare(specSchema, {}, spec);
    assert.ok(fields.difference(added).isEmpty, "what it has was added");
    assert.ok(modified.isEmpty && removed.isEmpty);
  });
});
