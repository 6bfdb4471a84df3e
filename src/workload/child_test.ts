import assert from "node:assert/strict";
import { childMetadata } from "./child.ts";

const child = { name: "x", namespace: "a", labels: { app: "x" } };

Deno.test("a child has its name, its place and its labels", () => {
  assert.deepEqual(childMetadata(child), { name: "x", namespace: "a", labels: { app: "x" } });
});

Deno.test("annotations are written where there are some", () => {
  assert.equal("annotations" in childMetadata(child, {}), false);
  assert.deepEqual(childMetadata(child, { a: "b" }).annotations, { a: "b" });
});

Deno.test("what is made shares nothing with what it was made from", () => {
  const annotations = { a: "b" };
  const made = childMetadata(child, annotations);
  made.labels = Object.assign(made.labels ?? {}, { other: "1" });
  made.annotations = Object.assign(made.annotations ?? {}, { c: "d" });
  assert.deepEqual([child.labels, annotations], [{ app: "x" }, { a: "b" }]);
});
