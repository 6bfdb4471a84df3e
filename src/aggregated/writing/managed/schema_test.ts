import assert from "node:assert/strict";
import { fieldElement, indexElement, keyElement, valueElement } from "./path.ts";
import {
  asList,
  asMap,
  fieldSchema,
  isBarren,
  isWhole,
  itemElement,
  SCALAR,
  schemaBelow,
  shapeOf,
  shapesOf,
  UNTYPED,
} from "./schema.ts";
import { list, specSchema } from "./testing.ts";

Deno.test("what the schema says is the shape, whatever the value", () => {
  const tags = list("set");
  for (const value of [undefined, null, {}, [], "a"]) assert.equal(shapeOf(tags, value), tags);
});

Deno.test("an untyped value is what it looks like", () => {
  assert.equal(shapeOf(UNTYPED, undefined), undefined);
  assert.equal(shapeOf(UNTYPED, null), undefined);
  assert.equal(shapeOf(UNTYPED, "a"), SCALAR);
  assert.equal(shapeOf(UNTYPED, 1)?.kind, "scalar");
  const [map, items] = [shapeOf(UNTYPED, {}), shapeOf(UNTYPED, [])];
  assert.ok(map?.kind === "map" && !map.isAtomic && map.rest === UNTYPED);
  assert.ok(items?.kind === "list" && items.type === "atomic");
});

Deno.test("two untyped values are one shape, or the one and the other", () => {
  const kinds = (left: Parameters<typeof shapesOf>[1], right: Parameters<typeof shapesOf>[2]) =>
    shapesOf(UNTYPED, left, right).map(({ kind }) => kind);
  assert.deepEqual(kinds({}, { a: 1 }), ["map"]);
  assert.deepEqual(kinds(undefined, {}), ["map"]);
  assert.deepEqual(kinds([], undefined), ["list"]);
  assert.deepEqual(kinds(null, []), ["list"]);
  assert.deepEqual(kinds(null, undefined), ["scalar"]);
  assert.deepEqual(kinds({}, []), ["map", "list"]);
  assert.deepEqual(kinds("a", {}), ["scalar", "map"]);
});

Deno.test("schemas are found below", () => {
  const limits = fieldSchema(specSchema, "limits");
  assert.equal(limits.kind, "map");
  assert.equal(fieldSchema(specSchema, "unknown"), UNTYPED);
  const text = schemaBelow(limits, fieldElement("cpu"));
  assert.deepEqual(text, { kind: "scalar", type: "string" });
  const ports = fieldSchema(specSchema, "ports");
  const port = schemaBelow(ports, keyElement({ port: 1 }));
  assert.equal(port.kind, "map");
  assert.deepEqual(schemaBelow(port, fieldElement("port")), { kind: "scalar", type: "number" });
  assert.equal(schemaBelow(ports, indexElement(0)), UNTYPED);
  assert.equal(schemaBelow(ports, fieldElement("port")), UNTYPED);
  assert.equal(schemaBelow(text, fieldElement("a")), UNTYPED);
});

Deno.test("items are told apart by their keys, or by what they are", () => {
  const ports = list("map", ["port", "protocol"]);
  assert.deepEqual(
    itemElement(ports, { protocol: "t", port: 1, name: "a" }),
    keyElement({ port: 1, protocol: "t" }),
  );
  assert.deepEqual(itemElement(ports, { port: 1 }), keyElement({ port: 1 }));
  assert.deepEqual(itemElement(ports, "a"), keyElement({}));
  assert.deepEqual(itemElement(list("set"), "a"), valueElement("a"));
});

Deno.test("values, atomic maps and atomic lists are whole", () => {
  assert.ok(isWhole(SCALAR));
  assert.ok(isWhole(list("atomic")));
  assert.ok(!isWhole(list("set")));
  assert.ok(!isWhole(list("map", ["a"])));
  assert.ok(!isWhole(specSchema));
  assert.ok(isWhole({ ...specSchema, isAtomic: true }));
});

Deno.test("absent, null and empty are barren", () => {
  for (const value of [undefined, null, {}]) assert.ok(isBarren(specSchema, value));
  for (const value of [undefined, null, []]) assert.ok(isBarren(list("set"), value));
  assert.ok(!isBarren(specSchema, { a: 1 }));
  assert.ok(!isBarren(list("set"), [1]));
});

Deno.test("a value is taken as a map or a list only where it is one", () => {
  assert.deepEqual([{ a: 1 }, [], null, "a", undefined].map(asMap), [
    { a: 1 },
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  assert.deepEqual([[1], {}, null, "a", undefined].map(asList), [
    [1],
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
