import assert from "node:assert/strict";
import { lostFields } from "./lost_fields.ts";

Deno.test("what the API server adds is no loss", () => {
  assert.deepEqual(lostFields({ a: {}, b: [{ c: 1 }] }, { a: { d: 1 }, b: [{ c: 1, e: 2 }], f: 3 }), []);
});

Deno.test("what is gone, changed or of another kind is named by its path", () => {
  const sent = { a: { b: 1, c: "x" }, list: [{ n: 1 }], short: [1, 2], object: { k: 1 } };
  const live = { a: { c: "y" }, list: [{ n: 2 }], short: [1], object: "text" };
  assert.deepEqual(lostFields(sent, live), [".a.b", ".a.c", ".list[0].n", ".short", ".object"]);
  assert.deepEqual(lostFields([1], {}), [""]);
});
