import assert from "node:assert/strict";
import { conditionOf, withConditions } from "./conditions.ts";

const first = { generation: 1, now: new Date("2026-01-01T00:00:00.123Z") };
const later = { generation: 2, now: new Date("2026-01-02T00:00:00.999Z") };
const ready = { type: "Ready", status: "True", reason: "Ready", message: "m" } as const;

Deno.test("a new condition is appended with the time in whole seconds", () => {
  assert.deepEqual(withConditions(undefined, [ready], [], first), [{
    ...ready,
    observedGeneration: 1,
    lastTransitionTime: "2026-01-01T00:00:00Z",
  }]);
});

Deno.test("the time of transition stays while the status stays", () => {
  const before = withConditions(undefined, [ready], [], first);
  const after = withConditions(before, [{ ...ready, reason: "Other", message: "n" }], [], later);
  assert.deepEqual(after, [{
    ...ready,
    reason: "Other",
    message: "n",
    observedGeneration: 2,
    lastTransitionTime: "2026-01-01T00:00:00Z",
  }]);
});

Deno.test("the time of transition moves with the status", () => {
  const before = withConditions(undefined, [ready], [], first);
  const after = withConditions(before, [{ ...ready, status: "False" }], [], later);
  assert.equal(conditionOf(after, "Ready")?.lastTransitionTime, "2026-01-02T00:00:00Z");
});

Deno.test("other conditions keep their place and content; removed ones go", () => {
  const foreign = { ...ready, type: "example.com/Checked", lastTransitionTime: "2025-01-01T00:00:00Z" };
  const stalled = { ...ready, type: "Stalled", lastTransitionTime: "2025-01-01T00:00:00Z" };
  const after = withConditions([foreign, stalled], [ready], ["Stalled", "Reconciling"], first);
  assert.deepEqual(after.map(({ type }) => type), ["example.com/Checked", "Ready"]);
  assert.deepEqual(after[0], foreign);
  assert.equal(conditionOf(after, "Stalled"), undefined);
  assert.equal(conditionOf(undefined, "Ready"), undefined);
});

Deno.test("a message is cut at the API server's limit", () => {
  const [condition] = withConditions([], [{ ...ready, message: "x".repeat(40_000) }], [], first);
  assert.equal(condition?.message.length, 32_768);
});

Deno.test("the existing list is not changed", () => {
  const existing = Object.freeze(withConditions([], [ready], [], first).map((each) => Object.freeze(each)));
  const after = withConditions(existing, [{ ...ready, status: "False" }], [], later);
  assert.equal(existing[0]?.status, "True");
  assert.equal(after[0]?.status, "False");
});
