import assert from "node:assert/strict";
import { StatusError } from "../status_errors.ts";
import { exactFieldValue, fieldMatcher, type FieldReaders, parseFieldSelector } from "./field_selector.ts";

interface Thing {
  name: string;
  color: string;
}

const readers: FieldReaders<Thing> = {
  "metadata.name": ({ name }) => name,
  "spec.color": ({ color }) => color,
};

function matches(selector: string, thing: Thing): boolean {
  return fieldMatcher(parseFieldSelector(selector), readers)(thing);
}

Deno.test("all terms must hold", () => {
  const thing = { name: "a", color: "red" };
  for (
    const selector of [
      "",
      ",",
      "metadata.name=a",
      "metadata.name==a",
      "spec.color!=blue",
      "metadata.name=a,spec.color=red",
      "metadata.name=a,",
    ]
  ) {
    assert.equal(matches(selector, thing), true, selector);
  }
  for (
    const selector of [
      "metadata.name=b",
      "metadata.name!=a",
      "metadata.name=a,spec.color=blue",
      "spec.color=",
    ]
  ) {
    assert.equal(matches(selector, thing), false, selector);
  }
});

Deno.test("backslashes escape what would end a value", () => {
  assert.deepEqual(parseFieldSelector("a=b\\,c\\=d\\\\e,f!=g"), [
    { field: "a", isEqual: true, value: "b,c=d\\e" },
    { field: "f", isEqual: false, value: "g" },
  ]);
  assert.deepEqual(parseFieldSelector("a\\=b=c"), [{ field: "a\\=b", isEqual: true, value: "c" }]);
});

Deno.test("what cannot be read is a bad request", () => {
  for (const selector of ["a", "a=b=c", "a=\\x", "a=\\", "!", "a,b=c"]) {
    assert.throws(
      () => parseFieldSelector(selector),
      (error: unknown) =>
        error instanceof StatusError && error.code === 400 &&
        error.message.startsWith("invalid field selector"),
      selector,
    );
  }
});

Deno.test("a field that cannot be selected by is a bad request that lists those that can", () => {
  for (const field of ["spec.size", "toString", "constructor", ""]) {
    assert.throws(
      () => matches(`${field}=x`, { name: "a", color: "b" }),
      (error: unknown) =>
        error instanceof StatusError && error.code === 400 &&
        error.message.endsWith("there are metadata.name, spec.color"),
      field,
    );
  }
});

Deno.test("the value that a selector pins a field to is found, and nothing else is", () => {
  assert.equal(exactFieldValue("metadata.name=a", "metadata.name"), "a");
  assert.equal(exactFieldValue("spec.color=red,metadata.name==a", "metadata.name"), "a");
  assert.equal(exactFieldValue("metadata.name!=a", "metadata.name"), undefined);
  assert.equal(exactFieldValue("metadata.name", "metadata.name"), undefined);
});
