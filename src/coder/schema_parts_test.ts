import assert from "node:assert/strict";
import { z } from "zod";
import {
  id,
  listOf,
  NIL_ID,
  nonEmpty,
  optionalFlag,
  optionalText,
  problemsOf,
  readableItems,
  readableListOf,
  realId,
  timestamp,
} from "./schema_parts.ts";

const same = (text: string) => text;

function problems(schema: z.ZodType, value: unknown, clean = same): string[] {
  const result = schema.safeParse(value);
  assert.equal(result.success, false);
  return problemsOf(result.error!, clean);
}

Deno.test("Coder's reserved ids and the nil one are ids", () => {
  for (const value of [NIL_ID, "00000000-0000-0000-0000-000000000003", crypto.randomUUID()]) {
    assert.equal(id.safeParse(value).success, true, value);
  }
  assert.equal(id.safeParse("me").success, false);
});

Deno.test("a real id is not the nil one", () => {
  assert.equal(realId.safeParse("00000000-0000-0000-0000-000000000003").success, true);
  assert.deepEqual(problems(realId, NIL_ID), ["the answer: expected an id other than the nil UUID"]);
});

Deno.test("Go's times are times, its zero time too", () => {
  for (
    const value of ["2026-11-21T10:00:00.123456789Z", "0001-01-01T00:00:00Z", "2026-11-21T10:00:00+02:00"]
  ) {
    assert.equal(timestamp.safeParse(value).success, true, value);
  }
  assert.deepEqual(problems(timestamp, "yesterday"), ["the answer: expected a time"]);
});

Deno.test("a null list is an empty one", () => {
  const list = listOf(z.string());
  assert.deepEqual(list.parse(null), []);
  assert.deepEqual(list.parse(undefined), []);
  assert.deepEqual(list.parse(["a"]), ["a"]);
  assert.deepEqual(problems(list, ["a", 1]), ["[1]: expected string"]);
});

Deno.test("what a version may leave out has a default", () => {
  assert.equal(optionalText.parse(undefined), "");
  assert.equal(optionalText.parse(null), "");
  assert.equal(optionalText.parse("x"), "x");
  assert.equal(optionalFlag.parse(undefined), false);
  assert.equal(optionalFlag.parse(true), true);
});

Deno.test("problems are named by path", () => {
  const schema = z.object({ users: z.array(z.object({ id, name: nonEmpty })) });
  assert.deepEqual(
    problems(schema, { users: [{ id: crypto.randomUUID(), name: "a" }, { id: "x", name: "" }] }),
    [
      "users[1].id: expected a UUID",
      "users[1].name: expected more than nothing",
    ],
  );
  assert.deepEqual(problems(z.union([z.string(), z.number()]), {}), ["the answer: not of an expected form"]);
  assert.deepEqual(problems(z.object({ at: z.iso.datetime() }), { at: "x" }), ["at: expected datetime"]);
});

Deno.test("problems hold no values, and keys without secrets", () => {
  const schema = z.object({ token: z.number(), map: z.record(z.string(), z.boolean()) });
  const text = problems(
    schema,
    { token: "hunter2-value", map: { "hunter2-key": "hunter2-value" } },
    (words) => words.replaceAll("hunter2-key", "[redacted]"),
  ).join();
  assert.doesNotMatch(text, /hunter2/);
  assert.match(text, /map\.\[redacted\]: expected boolean/);
});

Deno.test("a thousand problems are told as ten, with short paths", () => {
  const schema = z.record(z.string(), z.number());
  const value = Object.fromEntries(
    Array.from({ length: 1_000 }, (_, index) => [`${index}${"x".repeat(1_000)}`, ""]),
  );
  const told = problems(schema, value);
  assert.equal(told.length, 10);
  assert.ok(told.every((one) => one.length < 300));
});

Deno.test("of a list with odd items the others are read, and each odd one is told", () => {
  const schema = readableItems(z.object({ name: nonEmpty, size: z.number() }));
  const { items, problems } = schema.parse([{ name: "a", size: 1 }, null, { name: "", size: "x" }]);
  assert.deepEqual(items, [{ name: "a", size: 1 }]);
  assert.equal(problems.length, 2);
  assert.match(problems[0]!, /^\[1\]\.the answer: expected object$/);
  assert.match(problems[1]!, /^\[2\]\.name: expected more than nothing; \[2\]\.size: expected number$/);
  // Whatever the order, a record is the same one by its id; an id that is none is not repeated.
  const ofCoder = "5a0fcb8c-96bb-4d9e-9d10-2b1de23c1c4f";
  const named = schema.parse([{ id: ofCoder, name: "", size: 1 }, { id: "secret", name: "", size: 1 }]);
  assert.deepEqual(named.problems, [
    `[${ofCoder}].name: expected more than nothing`,
    "[1].name: expected more than nothing",
  ]);
});

Deno.test("a list that is no list is still an error; one that is not there is empty", () => {
  assert.deepEqual(readableListOf(id).parse(null), []);
  assert.deepEqual(readableListOf(id).parse([NIL_ID, 7]), [NIL_ID]);
  assert.equal(readableListOf(id).safeParse({}).success, false);
});
