import assert from "node:assert/strict";
import type { ObjectMeta } from "../api/kubernetes/types.ts";
import { picked } from "./picked.ts";

const metadata: ObjectMeta = { name: "x", namespace: "", labels: { a: "b" }, uid: "u" };

Deno.test("what is asked for is there, in the order in which it is asked for, and nothing else", () => {
  assert.deepEqual(Object.entries(picked(metadata, ["uid", "name", "namespace"])), [
    ["uid", "u"],
    ["name", "x"],
    ["namespace", ""],
  ]);
});

Deno.test("what is not there is left out, and not set to undefined", () => {
  assert.deepEqual(Object.keys(picked(metadata, ["name", "annotations", "deletionTimestamp"])), ["name"]);
});
