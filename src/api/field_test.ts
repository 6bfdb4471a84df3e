import assert from "node:assert/strict";
import { z } from "zod";
import {
  embedded,
  flag,
  group,
  int32,
  int64,
  list,
  optional,
  stored,
  text,
  textMap,
  textOr,
  time,
} from "./field.ts";

const json = (schema: z.ZodType) =>
  z.toJSONSchema(schema, { io: "input", unrepresentable: "any", target: "openapi-3.0" });

Deno.test("reading is tolerant: values that the CRD refuses still parse", () => {
  assert.equal(int32("n", { minimum: 0, maximum: 10 }).parse(-1), -1);
  assert.equal(text("t", { pattern: "^a$", minLength: 5, enum: ["x"] }).parse("b"), "b");
  assert.equal(time("t").parse("yesterday"), "yesterday");
});

Deno.test("reading is strict about types", () => {
  assert.equal(int32("n").safeParse("1").success, false);
  assert.equal(text("t").safeParse(1).success, false);
  assert.equal(flag("f").safeParse("true").success, false);
});

Deno.test("constraints and descriptions reach the JSON schema", () => {
  assert.deepEqual(json(int32("n", { minimum: 0 })), {
    description: "n",
    type: "integer",
    format: "int32",
    minimum: 0,
  });
  assert.deepEqual(json(int64("n")), { description: "n", type: "integer", format: "int64" });
  assert.deepEqual(json(time("t")), { description: "t", type: "string", format: "date-time" });
  assert.deepEqual(json(text("t", { enum: ["a"] })), { description: "t", type: "string", enum: ["a"] });
});

Deno.test("the empty string means the fallback, and so does an absent field", () => {
  const schema = z.object({ image: textOr("default", "image") });
  assert.deepEqual(schema.parse({ image: "" }), { image: "default" });
  assert.deepEqual(schema.parse({}), { image: "default" });
  assert.deepEqual(schema.parse({ image: "mine" }), { image: "mine" });
});

Deno.test("an absent optional field stays absent", () => {
  assert.equal("a" in z.object({ a: optional(text("a")) }).parse({}), false);
});

Deno.test("absent lists and maps read as empty, each object with its own", () => {
  const schema = z.object({ args: list("l", z.string()), labels: textMap("m") });
  const [first, second] = [schema.parse({}), schema.parse({})];
  first.args.push("changed");
  assert.deepEqual(second, { args: [], labels: {} });
});

Deno.test("a stored default is marked for the CRD, and applies the defaults below it", () => {
  const schema = z.object({ service: stored(group("s", { port: stored(int32("p"), 80) }), {}) });
  assert.deepEqual(schema.parse({}), { service: { port: 80 } });
  const service = json(schema).properties?.["service"] as Record<string, unknown>;
  assert.deepEqual(service["storedDefault"], {});
  assert.equal(service["description"], "s");
});

Deno.test("the values of a map carry their constraints", () => {
  assert.deepEqual(json(textMap("labels", { maxLength: 63 })).additionalProperties, {
    type: "string",
    maxLength: 63,
  });
});

Deno.test("an embedded structure passes unchanged, with fields that are not known yet", () => {
  const value = { name: "A", valueFrom: { newSource: { key: "x" } }, later: true };
  const schema = embedded("EnvVar");
  assert.strictEqual(schema.parse(value), value);
});

Deno.test("an embedded structure that is wrong is refused with the path inside it", () => {
  const schema = z.object({ extraEnv: z.array(embedded("EnvVar")) });
  const result = schema.safeParse({ extraEnv: [{ name: "A", valueFrom: { secretKeyRef: { key: 1 } } }] });
  assert.deepEqual(result.error?.issues.map(({ path }) => path.join(".")), [
    "extraEnv.0.valueFrom.secretKeyRef.key",
  ]);
});

Deno.test("an embedded structure is a marker in the JSON schema, for the generator to fill", () => {
  assert.deepEqual(json(embedded("Volume", "a volume", { properties: {} })), {
    kubernetes: "Volume",
    description: "a volume",
    overlay: { properties: {} },
  });
  assert.deepEqual(json(embedded("Volume")), { kubernetes: "Volume" });
});
