import assert from "node:assert/strict";
import { merged } from "./merged.ts";

Deno.test("specs are merged field by field, and lists by name", () => {
  const one = { replicas: 1, service: { port: 80 }, env: [{ name: "A", value: "1" }], args: ["-x"] };
  const two = {
    replicas: 2,
    service: { type: "x" },
    env: [{ name: "B" }, { name: "A", value: "2" }],
    args: ["-y"],
  };
  assert.deepEqual(merged(one, two), {
    replicas: 2,
    service: { port: 80, type: "x" },
    env: [{ name: "A", value: "2" }, { name: "B" }],
    args: ["-x", "-y"],
  });
  assert.deepEqual(merged({ a: { b: 1 } }, { a: [1] }), { a: [1] });
});
