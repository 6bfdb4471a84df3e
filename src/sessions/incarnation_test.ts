import assert from "node:assert/strict";
import { beganBefore, MACHINES_APART_MS, newIncarnation } from "./incarnation.ts";

const NOW = Date.parse("2026-11-22T10:00:00Z");

Deno.test("of two processes it is known which began first, where that is longer ago than clocks are apart", () => {
  const [first, second] = [newIncarnation(NOW), newIncarnation(NOW + MACHINES_APART_MS + 1)];
  assert.equal(beganBefore(first, second), true);
  assert.equal(beganBefore(second, first), false);
  assert.equal(beganBefore(newIncarnation(999), newIncarnation(NOW)), true);
  assert.equal(beganBefore(first, newIncarnation(NOW + MACHINES_APART_MS)), false);
});

Deno.test("no two are the same, also of one moment: then it is not known", () => {
  const [one, other] = [newIncarnation(NOW), newIncarnation(NOW)];
  assert.notEqual(one, other);
  assert.equal(beganBefore(one, other), false);
  assert.equal(beganBefore(one, one), false);
});

Deno.test("names of another form say nothing", () => {
  for (const foreign of ["mock-1", "", "workspaces", "at12-x", crypto.randomUUID()]) {
    assert.equal(beganBefore(foreign, newIncarnation(NOW)), false);
    assert.equal(beganBefore(newIncarnation(NOW), foreign), false);
  }
});
