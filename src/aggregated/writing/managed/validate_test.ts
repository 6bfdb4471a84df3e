import assert from "node:assert/strict";
import { seededRandom } from "../../../telemetry/testing/random.ts";
import type { Json } from "./json.ts";
import { forSeeds, randomSpec, specSchema } from "./testing.ts";
import { objectionsTo, objectionText } from "./validate.ts";

/** A spec, and what is said of it. */
const WRONG: [Json, string][] = [
  [{ nothing: 1 }, ".nothing: field not declared in schema"],
  [{ title: 1 }, ".title: expected string, got 1"],
  [{ size: "1" }, '.size: expected numeric (int or float), got "1"'],
  [{ on: "yes" }, '.on: expected boolean, got "yes"'],
  [{ limits: "a" }, '.limits: expected map, got "a"'],
  [{ limits: { a: 1 } }, ".limits.a: expected string, got 1"],
  [{ args: {} }, ".args: expected list, got {}"],
  [{ args: [1] }, ".args[0]: expected string, got 1"],
  [{ tags: ["a", "a"] }, '.tags: duplicate entries for key [="a"]'],
  [{ tags: [{}] }, ".tags: element 0: associative list without keys has an element that's a map type"],
  [{ ports: [1] }, ".ports: element 0: associative list with keys may not have non-map elements"],
  [{ ports: [{ port: "1" }] }, '.ports[port="1"].port: expected numeric (int or float), got "1"'],
  [
    { ports: [{ port: 1 }, { port: 1, nothing: 1 }] },
    "errors:\n  .ports: duplicate entries for key [port=1]\n  .ports[port=1].nothing: field not declared in schema",
  ],
  [[], ": expected map, got []"],
  [
    { title: "a".repeat(10), size: ["a".repeat(100)] },
    `.size: expected numeric (int or float), got ["${"a".repeat(58)}…`,
  ],
];

Deno.test("what is not as the schema says is told with its path", () => {
  for (const [value, text] of WRONG) assert.equal(objectionText(objectionsTo(specSchema, value)), text);
});

Deno.test("null is absence, wherever it is, but in lists that are merged", () => {
  const nulls = Object.fromEntries([...specSchema.fields.keys()].map((name) => [name, null]));
  assert.deepEqual(objectionsTo(specSchema, nulls), []);
  assert.deepEqual(objectionsTo(specSchema, { args: [null], groups: { a: null } }), []);
  assert.equal(objectionsTo(specSchema, { tags: [null] }).length, 1);
  assert.equal(objectionsTo(specSchema, { ports: [null] }).length, 1);
});

Deno.test("in an object that lies there, items may be the same", () => {
  const value = { tags: ["a", "a"], ports: [{ port: 1 }, { port: 1 }] };
  assert.equal(objectionsTo(specSchema, value).length, 2);
  assert.deepEqual(objectionsTo(specSchema, value, { allowDuplicates: true }), []);
});

Deno.test("what is untyped may be anything", () => {
  assert.deepEqual(objectionsTo(specSchema, { extra: { a: [1, [2], null, { b: "c" }], d: true } }), []);
  assert.deepEqual(objectionsTo({ kind: "untyped" }, 1), []);
  assert.equal(objectionsTo({ kind: "scalar", type: "any" }, [1])[0]?.message, "expected scalar, got [1]");
});

Deno.test("what is valid has no objections", () => {
  forSeeds(200, seededRandom, (random) => assert.deepEqual(objectionsTo(specSchema, randomSpec(random)), []));
});
