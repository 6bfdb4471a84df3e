import assert from "node:assert/strict";
import { below, pick, seededRandom } from "../../../telemetry/testing/random.ts";
import type { Json, JsonObject } from "../decode/json_value.ts";
import { refusal } from "../decode/testing.ts";
import { applyJsonPatch, MAX_COPIED, MAX_OPERATIONS, unknownOperationFields } from "./json_patch.ts";

const START = { a: 1, b: { c: ["x", "y", "z"], "d/e": 2, "f~g": null } };
const patched = (...operations: Json[]) => applyJsonPatch(START, operations);
const refused = (...operations: Json[]) => refusal(() => patched(...operations));

Deno.test("operations do what RFC 6902 says of them", () => {
  assert.deepEqual(patched({ op: "add", path: "/n", value: { x: 1 } }), { ...START, n: { x: 1 } });
  assert.deepEqual(patched({ op: "replace", path: "/a", value: [] }), { ...START, a: [] });
  assert.deepEqual(patched({ op: "remove", path: "/b" }), { a: 1 });
  assert.deepEqual(patched({ op: "move", path: "/z", from: "/b/c" }), {
    a: 1,
    b: { "d/e": 2, "f~g": null },
    z: ["x", "y", "z"],
  });
  assert.deepEqual(patched({ op: "copy", path: "/b/c/0", from: "/a" }), {
    a: 1,
    b: { ...START.b, c: [1, "x", "y", "z"] },
  });
  assert.deepEqual(patched({ op: "test", path: "/b/c/1", value: "y" }), START);
  assert.deepEqual(patched({ op: "test", path: "", value: START }), START);
  assert.deepEqual(patched({ op: "replace", path: "", value: { whole: true } }), { whole: true });
});

Deno.test("names in paths may hold slashes and tildes", () => {
  assert.deepEqual(patched({ op: "test", path: "/b/d~1e", value: 2 }), START);
  assert.deepEqual(patched({ op: "remove", path: "/b/f~0g" }), { a: 1, b: { c: ["x", "y", "z"], "d/e": 2 } });
  assert.deepEqual(patched({ op: "add", path: "/~01", value: 1 }), { ...START, "~1": 1 });
});

Deno.test("indexes count from the end, too, and a dash is behind the last", () => {
  const list = (...operations: Json[]) => (patched(...operations) as typeof START).b.c;
  assert.deepEqual(list({ op: "add", path: "/b/c/-", value: "!" }), ["x", "y", "z", "!"]);
  assert.deepEqual(list({ op: "add", path: "/b/c/-1", value: "!" }), ["x", "y", "z", "!"]);
  assert.deepEqual(list({ op: "add", path: "/b/c/3", value: "!" }), ["x", "y", "z", "!"]);
  assert.deepEqual(list({ op: "add", path: "/b/c/0", value: "!" }), ["!", "x", "y", "z"]);
  assert.deepEqual(list({ op: "replace", path: "/b/c/-1", value: "!" }), ["x", "y", "!"]);
  assert.deepEqual(list({ op: "remove", path: "/b/c/-3" }), ["y", "z"]);
  assert.deepEqual(list({ op: "move", path: "/b/c/0", from: "/b/c/2" }), ["z", "x", "y"]);
});

Deno.test("what does not go with the object is refused, and names the operation", () => {
  const cases: Json[] = [
    { op: "remove", path: "/none" },
    { op: "remove", path: "/b/c/3" },
    { op: "remove", path: "/b/c/-4" },
    { op: "remove", path: "/b/c/x" },
    { op: "remove", path: "" },
    { op: "add", path: "/none/x", value: 1 },
    { op: "add", path: "/a/x", value: 1 },
    { op: "add", path: "/b/c/4", value: 1 },
    { op: "add", path: "/b/c/x/y", value: 1 },
    { op: "add", value: 1 },
    { op: "replace", path: "/b/c/-", value: 1 },
    { op: "replace", path: "", value: 5 },
    { op: "move", path: "/x", from: "/none" },
    { op: "move", path: "/none/x", from: "/a" },
    { op: "move", path: "/x" },
    { op: "copy", path: "/x", from: "/none/x" },
    { op: "test", path: "/a", value: 2 },
    { op: "test", path: "/a" },
    { op: "test", path: "/b/c", value: ["x", "y"] },
    { op: "jump", path: "/a" },
    {},
    null,
  ];
  for (const operation of cases) {
    const { code, reason, message } = refused({ op: "test", path: "/a", value: 1 }, operation);
    assert.deepEqual([code, reason], [422, "Invalid"], JSON.stringify(operation));
    assert.match(message, /^the patch does not apply: operation 1 /);
  }
});

Deno.test("what is no patch is refused as such", () => {
  for (const patch of [{}, "x", 5, [5], ["x"], [[]], [{ op: 5 }], [{ op: "add", path: [] }]]) {
    assert.equal(refusal(() => applyJsonPatch(START, patch as Json)).code, 400, JSON.stringify(patch));
  }
  assert.deepEqual(applyJsonPatch(START, null), START);
});

Deno.test("null and nothing are the same to test, and a missing value is null", () => {
  assert.deepEqual(patched({ op: "test", path: "/none", value: null }), START);
  assert.deepEqual(patched({ op: "test", path: "/none" }), START);
  assert.deepEqual(patched({ op: "test", path: "/b/f~0g" }), START);
  assert.deepEqual(patched({ op: "add", path: "/a" }), { ...START, a: null });
  assert.deepEqual(patched({ op: "copy", path: "/x", from: "/none" }), { ...START, x: null });
});

Deno.test("neither object nor patch is changed, and copies are copies", () => {
  const start = structuredClone(START);
  const value = { deep: [] as Json[] };
  const result = applyJsonPatch(start, [
    { op: "add", path: "/x", value },
    { op: "add", path: "/x/deep/-", value: 1 },
    { op: "copy", path: "/y", from: "/x" },
    { op: "add", path: "/y/deep/-", value: 2 },
  ]);
  assert.deepEqual(start, START);
  assert.deepEqual(value, { deep: [] });
  assert.deepEqual(result, { ...START, x: { deep: [1] }, y: { deep: [1, 2] } });
});

Deno.test("prototypes are out of reach", () => {
  assert.equal(refused({ op: "add", path: "/__proto__/x", value: 1 }).code, 422);
  assert.equal(refused({ op: "add", path: "/constructor/prototype/x", value: 1 }).code, 422);
  assert.equal(refused({ op: "add", path: "/b/c/length", value: 1 }).code, 422);
  const result = patched({ op: "add", path: "/__proto__", value: { x: 1 } });
  assert.equal(Object.hasOwn(result as JsonObject, "__proto__"), true);
  assert.equal(({} as Record<string, unknown>)["x"], undefined);
});

Deno.test("so many operations are taken and no more, and copies have a limit", () => {
  const test = { op: "test", path: "/a", value: 1 };
  assert.deepEqual(applyJsonPatch(START, Array(MAX_OPERATIONS).fill(test)), START);
  const many = refusal(() => applyJsonPatch(START, Array(MAX_OPERATIONS + 1).fill(test)));
  assert.deepEqual([many.code, many.reason], [413, "RequestEntityTooLarge"]);
  assert.match(many.message, /10000, got 10001/);
  const value = "x".repeat(MAX_COPIED / 4);
  const copies = Array.from({ length: 5 }, (_, index) => ({ op: "copy", path: `/c${index}`, from: "/v" }));
  const large = refused({ op: "add", path: "/v", value }, ...copies);
  assert.equal(large.code, 422);
  assert.match(large.message, /operation 4 \(copy\): copies are limited/);
});

Deno.test("patches that move lists about for long are refused", () => {
  const remove = { op: "remove", path: "/l/0" };
  const message =
    refused({ op: "add", path: "/l", value: Array(300_000).fill(1) }, ...Array(9_000).fill(remove)).message;
  assert.match(message, /moves too many items/);
});

Deno.test("fields that operations do not have are found", () => {
  const patch = [{ op: "x", why: 1 }, null, { path: "", From: "" }];
  assert.deepEqual(unknownOperationFields(patch), ["[0].why", "[2].From"]);
  assert.deepEqual(unknownOperationFields({}), []);
});

Deno.test("moving there and back changes nothing, wherever", () => {
  for (let seed = 0; seed < 200; seed++) {
    const random = seededRandom(seed);
    const list = Array.from({ length: 1 + below(random, 5) }, (_, index) => index);
    const [from, path] = [`/l/${below(random, list.length)}`, `/l/${below(random, list.length)}`];
    const there = { op: "move", from, path };
    const back = { op: "move", from: path, path: from };
    const extra = pick(random, [{ op: "test", path: "/l", value: list }, {
      op: "add",
      path: "/m",
      value: seed,
    }]);
    const result = applyJsonPatch({ l: list }, [extra, there, back]) as JsonObject;
    assert.deepEqual(result["l"], list, `seed ${seed}`);
  }
});
