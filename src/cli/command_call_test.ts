import assert from "node:assert/strict";
import { flagReader } from "./command_call.ts";
import { choice, number } from "./values.ts";

function readerOf(flags: Record<string, string[]>) {
  return flagReader(new Map(Object.entries(flags)));
}

Deno.test("the last of a repeated flag counts", () => {
  const { last, read, mistakes } = readerOf({ "max-size": ["nonsense", "7"] });
  assert.equal(last("max-size"), "7");
  assert.equal(read("max-size", number({ min: 1, max: 9 })), 7);
  assert.deepEqual(mistakes, []);
});

Deno.test("a flag that is not given is nothing, and no mistake", () => {
  const { last, read, namespace, mistakes } = readerOf({ output: [] });
  assert.equal(last("output"), undefined);
  assert.equal(read("output", choice(["text", "json"])), undefined);
  assert.equal(namespace("namespace"), undefined);
  assert.deepEqual(mistakes, []);
});

Deno.test("what does not fit is told by flag, in the words of its schema or in given ones", () => {
  const { read, mistakes } = readerOf({ output: ["xml"], "max-size": ["0"] });
  assert.equal(read("output", choice(["text", "json"])), undefined);
  assert.equal(read("max-size", number({ min: 1, max: 9 }), "must be a size"), undefined);
  assert.deepEqual(mistakes, [
    { where: "--output", what: "must be text or json" },
    { where: "--max-size", what: "must be a size" },
  ]);
});

Deno.test("a namespace is one name", () => {
  const { namespace, mistakes } = readerOf({ namespace: ["coder"], "operator-namespace": ["a,b"] });
  assert.equal(namespace("namespace"), "coder");
  assert.equal(namespace("operator-namespace"), undefined);
  assert.deepEqual(mistakes, [{ where: "--operator-namespace", what: "must be one namespace name" }]);
});
