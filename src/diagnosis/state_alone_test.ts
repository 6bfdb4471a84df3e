import assert from "node:assert/strict";
import type { Facts } from "./facts.ts";
import { ownerView } from "./owner_view.ts";
import { stateAlone } from "./state_alone.ts";
import { ownerState } from "./states/rollout.ts";
import type { Cause } from "./types.ts";

const CAUSE: Cause = {
  rule: "image-pull",
  cause: "The image example/dev:9 cannot be pulled: there is none.",
  confidence: "certain",
  evidence: [],
  next: [],
};
const alone = (state: string, ...causes: Cause[]) => stateAlone({ state, causes });

Deno.test("what the first cause says goes from the end of the state", () => {
  assert.equal(alone(`0 of 3 pods are ready: ${CAUSE.cause}`, CAUSE), "0 of 3 pods are ready.");
  assert.equal(
    alone(`0 of 3 pods are ready: ${CAUSE.cause}`, { ...CAUSE, cause: CAUSE.cause.slice(0, -1) }),
    "0 of 3 pods are ready.",
  );
});

Deno.test("a state that says something else, or nothing else, stays as it is", () => {
  assert.equal(alone("It waits: for a node.", CAUSE), "It waits: for a node.");
  assert.equal(alone(CAUSE.cause, CAUSE), CAUSE.cause);
  assert.equal(alone(`It is off: ${CAUSE.cause}`), `It is off: ${CAUSE.cause}`);
  const second = { ...CAUSE, cause: "A node is full." };
  assert.equal(alone("It is off: A node is full.", CAUSE, second), "It is off: A node is full.");
});

Deno.test("states are told so that it can be taken away again", () => {
  const facts = { now: Date.UTC(2026, 10, 22, 8), deployment: { state: "absent" } } as Facts;
  const owner = ownerView("controlplane", { metadata: { namespace: "lab", name: "coder" }, spec: {} });
  const of = (...causes: Cause[]) =>
    ownerState(facts, owner, causes, () => ({ words: "; Coder could not be asked", isWell: false })).state;
  const state = of(CAUSE);
  assert.ok(state.endsWith(`Coder could not be asked: ${CAUSE.cause}`), state);
  assert.equal(alone(state, CAUSE), of());
});
