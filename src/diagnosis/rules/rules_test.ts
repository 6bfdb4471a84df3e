/** What holds for the rules together. */
import assert from "node:assert/strict";
import { RULES } from "./mod.ts";

Deno.test("ids are unique, and whatever a rule explains is a rule, but not itself", () => {
  const ids = RULES.map(({ id }) => id);
  assert.deepEqual(ids, [...new Set(ids)]);
  for (const { id, explains = [] } of RULES) {
    assert.deepEqual(explains.filter((other) => !ids.includes(other) || other === id), [], id);
  }
});

Deno.test("no two rules explain each other: one of them is the deeper one", () => {
  for (const { id, explains = [] } of RULES) {
    for (const other of RULES) {
      assert.ok(!(explains.includes(other.id) && other.explains?.includes(id)), `${id} and ${other.id}`);
    }
  }
});
