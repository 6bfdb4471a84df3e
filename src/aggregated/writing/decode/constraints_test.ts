import assert from "node:assert/strict";
import { z } from "zod";
import { group, int32, list, optional, text, textMap, time } from "../../../api/field.ts";
import { MAX_CAUSES } from "./causes.ts";
import { objectionsTo } from "./constraints.ts";
import type { JsonObject } from "./json_value.ts";
import { shapeOf } from "./shape.ts";
import { definition } from "./testing.ts";

const shape = shapeOf(definition);
const causes = (object: JsonObject, of = shape) =>
  objectionsTo(object, of).map(({ reason, field }) => `${reason} ${field}`);

Deno.test("an object that keeps all rules is as it should be", () => {
  assert.deepEqual(
    causes({ metadata: { labels: 5 }, spec: { color: "red", size: 0, tags: ["a", "b"] } }),
    [],
  );
  assert.deepEqual(causes({ spec: { color: "red" }, status: { usedAt: null } }), []);
});

Deno.test("every broken rule is told, with reason and field", () => {
  assert.deepEqual(
    causes({
      spec: { color: "pink", size: -1, tags: ["a", "b", "a", "a"] },
      status: {
        usedAt: "yesterday",
        conditions: [
          { type: "A", status: "x", reason: "r", message: "", lastTransitionTime: "2026-01-01T00:00:00Z" },
          { type: "A" },
        ],
      },
    }),
    [
      "FieldValueNotSupported spec.color",
      "FieldValueInvalid spec.size",
      "FieldValueDuplicate spec.tags[2]",
      "FieldValueTypeInvalid status.usedAt",
      "FieldValueRequired status.conditions[1].status",
      "FieldValueRequired status.conditions[1].lastTransitionTime",
      "FieldValueRequired status.conditions[1].reason",
      "FieldValueRequired status.conditions[1].message",
      "FieldValueDuplicate status.conditions[1]",
    ],
  );
  assert.deepEqual(causes({}), ["FieldValueRequired spec"]);
  assert.deepEqual(causes({ spec: {} }), ["FieldValueRequired spec.color"]);
});

Deno.test("limits hold on both sides, and texts count their characters", () => {
  const limited = shapeOf({
    schema: {
      text: optional(text("T.", { minLength: 2, maxLength: 3, pattern: "^\\p{L}*$" })),
      number: optional(int32("N.", { minimum: 1, maximum: 2 })),
      list: optional(list("L.", z.string(), { minItems: 1, maxItems: 2 })),
      map: optional(textMap("M.", { maxLength: 1 }).meta({ minProperties: 1, maxProperties: 1 })),
      inner: optional(group("G.", { at: optional(time("A.")) })),
    },
  });
  const good = {
    text: "\u{1d400}\u{1d400}\u{1d400}",
    number: 2,
    list: ["a"],
    map: { a: "b" },
    inner: { at: "2026-01-01T00:00:00+01:00" },
  };
  assert.deepEqual(causes(good, limited), []);
  assert.deepEqual(causes({ text: "a", number: 0, list: [], map: {}, inner: {} }, limited), [
    "FieldValueInvalid text",
    "FieldValueInvalid number",
    "FieldValueInvalid list",
    "FieldValueInvalid map",
  ]);
  assert.deepEqual(
    causes({
      text: "abc4",
      number: 3,
      list: ["a", "b", "c"],
      map: { a: "b", c: "de" },
      inner: { at: "2026-13-01T00:00:00Z" },
    }, limited),
    [
      "FieldValueTooLong text",
      "FieldValueInvalid text",
      "FieldValueInvalid number",
      "FieldValueTooMany list",
      "FieldValueTooMany map",
      "FieldValueTooLong map.c",
      "FieldValueTypeInvalid inner.at",
    ],
  );
});

Deno.test("a refusal repeats no large value", () => {
  const [cause] = objectionsTo({ spec: { color: "x".repeat(10_000) } }, shape);
  assert.ok(cause!.message.length < 400);
  assert.match(cause!.message, /^Unsupported value: "x+…: supported values: "red", "green", "blue"$/);
});

Deno.test("of many mistakes so many are told", () => {
  const tags = Array.from({ length: 400_000 }, (_, index) => String(index % 200_000));
  assert.equal(causes({ spec: { color: "red", tags } }).length, MAX_CAUSES);
  const numbers = shapeOf({ schema: { list: list("L.", int32("N.", { minimum: 1 })) } });
  assert.equal(causes({ list: Array(400_000).fill(0) }, numbers).length, MAX_CAUSES);
});
