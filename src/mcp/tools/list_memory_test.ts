import assert from "node:assert/strict";
import { createListMemory } from "./list_memory.ts";

const objects = ["a", "b", "c"].map((name) => ({ name }));

Deno.test("the same objects in the same order are the same list, whatever array they come in", () => {
  const memory = createListMemory<{ name: string }, object>();
  const first = memory([...objects], "page", () => ({}));
  assert.equal(memory([...objects], "page", () => ({})), first);
  assert.notEqual(memory([...objects], "another page", () => ({})), first);
  assert.equal(memory([...objects], "page", () => ({})), first);
});

Deno.test("a list that has changed is another one", () => {
  const memory = createListMemory<{ name: string }, object>();
  const first = memory(objects, "page", () => ({}));
  const shorter = memory(objects.slice(0, 2), "page", () => ({}));
  assert.notEqual(shorter, first);
  const changed = memory([objects[0]!, { name: "b" }, objects[2]!], "page", () => ({}));
  assert.notEqual(changed, first);
  assert.notEqual(memory([], "page", () => ({})), memory([], "page", () => ({})));
});

Deno.test("whoever gave the list may go on with it", () => {
  const memory = createListMemory<{ name: string }, object>();
  const given = [...objects];
  const first = memory(given, "page", () => ({}));
  given.pop();
  assert.equal(memory(objects, "page", () => ({})), first);
});

Deno.test("there is an end to what is kept of one list", () => {
  const memory = createListMemory<{ name: string }, object>();
  const first = memory(objects, "0", () => ({}));
  for (let page = 1; page < 40; page++) memory(objects, String(page), () => ({}));
  assert.notEqual(memory(objects, "0", () => ({})), first);
});
