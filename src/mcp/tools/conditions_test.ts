import assert from "node:assert/strict";
import { toldConditions, troubleOf } from "./conditions.ts";

const ready = {
  type: "Ready",
  status: "False",
  reason: "PodsUnavailable",
  message: "no pod is ready",
  observedGeneration: 3,
  lastTransitionTime: "2026-01-01T00:00:00Z",
};

Deno.test("conditions keep their order, and what is none is left out", () => {
  const told = toldConditions([
    ready,
    "no condition",
    { type: "Odd", status: 7 },
    { type: "Bare", status: "True", reason: "", message: "", lastTransitionTime: null },
  ]);
  assert.deepEqual(told, [ready, { type: "Bare", status: "True" }]);
  assert.deepEqual(toldConditions(undefined), []);
});

Deno.test("trouble is told with its reason, and is none where all is well or nothing is known", () => {
  assert.equal(troubleOf([ready], "Ready"), "PodsUnavailable: no pod is ready");
  assert.equal(troubleOf([{ type: "Ready", status: "False" }], "Ready"), "");
  assert.equal(troubleOf([{ ...ready, status: "True" }], "Ready"), undefined);
  assert.equal(troubleOf([], "Ready"), undefined);
});
