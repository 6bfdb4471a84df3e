import assert from "node:assert/strict";
import {
  compareElements,
  elementText,
  fieldElement,
  fieldPath,
  indexElement,
  keyElement,
  parseElement,
  type PathElement,
  pathText,
  pickFields,
  valueElement,
} from "./path.ts";

/** Each as `FieldsV1` has it, and as messages have it. */
const ELEMENTS: [PathElement, string, string][] = [
  [fieldElement("spec"), "f:spec", ".spec"],
  [fieldElement("a.b/c"), "f:a.b/c", ".a.b/c"],
  [fieldElement(""), "f:", "."],
  [keyElement({ name: "a" }), 'k:{"name":"a"}', '[name="a"]'],
  [keyElement({ protocol: "TCP", port: 80 }), 'k:{"port":80,"protocol":"TCP"}', '[port=80,protocol="TCP"]'],
  [keyElement({ name: "<" }), 'k:{"name":"\\u003c"}', '[name="<"]'],
  [valueElement("a"), 'v:"a"', '[="a"]'],
  [valueElement("<"), 'v:"\\u003c"', '[="<"]'],
  [valueElement(1), "v:1", "[=1]"],
  [valueElement(true), "v:true", "[=true]"],
  [indexElement(3), "i:3", "[3]"],
];

Deno.test("elements are written, read and told", () => {
  for (const [element, id, text] of ELEMENTS) {
    assert.equal(element.id, id);
    assert.deepEqual(parseElement(id), element);
    assert.equal(elementText(element), text);
  }
});

Deno.test("two ways to write an element are one element", () => {
  assert.equal(parseElement('k:{"b":1,"a":2}')?.id, parseElement('k:{ "a": 2, "b": 1 }')?.id);
  assert.equal(parseElement('v:"<"')?.id, parseElement('v:"\\u003c"')?.id);
});

Deno.test("an element of a kind that is not known is passed over", () => {
  assert.equal(parseElement("x:something"), undefined);
});

Deno.test("what is no element is refused with what it is", () => {
  for (const text of ["", "f", ".", "spec", "v:", "v:{", "k:1", "k:[]", "k:null", "i:", "i:a", "i:1.5"]) {
    assert.throws(() => parseElement(text), SyntaxError, text);
  }
  assert.throws(() => parseElement("spec"), /colon.*"spec"/);
});

Deno.test("fields come first, then keys, values and indexes, each in order", () => {
  const ordered = [
    fieldElement("B"),
    fieldElement("a"),
    fieldElement("b"),
    keyElement({ a: 1 }),
    keyElement({ a: 2 }),
    keyElement({ a: 10 }),
    keyElement({ a: 10, b: 1 }),
    keyElement({ a: "a" }),
    keyElement({ b: 1 }),
    valueElement(2),
    valueElement(10),
    valueElement("10"),
    valueElement("2"),
    valueElement(false),
    valueElement(true),
    valueElement([1]),
    valueElement({ a: 1 }),
    valueElement(null),
    indexElement(2),
    indexElement(10),
  ];
  for (const [at, left] of ordered.entries()) {
    for (const [other, right] of ordered.entries()) {
      const order = Math.sign(compareElements(left, right));
      assert.equal(order, Math.sign(at - other), `${left.id} and ${right.id}`);
    }
  }
});

Deno.test("a path is told from the root to the field", () => {
  const path = [
    ...fieldPath("spec", "ports"),
    keyElement({ port: 80, protocol: "TCP" }),
    fieldElement("name"),
  ];
  assert.equal(pathText(path), '.spec.ports[port=80,protocol="TCP"].name');
  assert.equal(pathText([]), "");
});

Deno.test("fields are picked where they are given", () => {
  assert.deepEqual(pickFields({ a: 1, b: 2, c: 3 }, ["c", "a", "d", "toString"]), { c: 3, a: 1 });
});
