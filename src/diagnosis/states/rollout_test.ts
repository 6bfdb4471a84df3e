import assert from "node:assert/strict";
import type { Facts } from "../facts.ts";
import { ownerView } from "../owner_view.ts";
import { NOW } from "../testing.ts";
import type { Seen } from "../seen.ts";
import { ownerState } from "./rollout.ts";

const seen = (value: unknown) => ({ state: "seen", value }) as Seen<never>;
const forbidden: Seen<never> = { state: "unread", what: "list pods", kind: "forbidden", why: "no" };
const at = (secondsAgo: number) => new Date(NOW - 1_000 * secondsAgo).toISOString();

const deployment = (ready: number, replicas: number) =>
  seen({
    metadata: { name: "coder", generation: 1 },
    spec: { replicas },
    status: { observedGeneration: 1, readyReplicas: ready, updatedReplicas: replicas, replicas },
  });

function stateOf(facts: object, { age = 600, metadata = {} } = {}) {
  const object = {
    metadata: { namespace: "lab", name: "coder", creationTimestamp: at(age), ...metadata },
    spec: {},
  };
  const whole = { now: NOW, subject: { kind: "controlplane" }, ...facts } as unknown as Facts;
  return ownerState(
    whole,
    ownerView("controlplane", object),
    [],
    () => ({ words: "; Coder answers", isWell: true }),
  );
}

Deno.test("one that is up is well, and so is one of no pods", () => {
  assert.deepEqual(stateOf({ deployment: deployment(2, 2), pods: seen([]) }), {
    state: "2 of 2 pods are ready; Coder answers.",
    isWell: true,
  });
  assert.deepEqual(stateOf({ deployment: deployment(0, 0) }), {
    state: "It is scaled to zero, no pod is wanted.",
    isWell: true,
  });
});

Deno.test("one that has just begun is starting, where its pods could be looked at", () => {
  const young = { age: 10 };
  assert.deepEqual(stateOf({ deployment: deployment(0, 1), pods: seen([]) }, young), {
    state: "0 of 1 pod is ready, it is starting; Coder answers.",
    isWell: true,
  });
  assert.deepEqual(stateOf({ deployment: deployment(0, 1), pods: forbidden }, young), {
    state: "0 of 1 pod is ready, nobody could see why; Coder answers.",
    isWell: false,
  });
  assert.equal(stateOf({ deployment: deployment(0, 1), pods: seen([]) }).isWell, false);
});

Deno.test("without its Deployment and its pods nothing is known to be well", () => {
  assert.deepEqual(stateOf({ deployment: forbidden, pods: forbidden }, { age: 10 }), {
    state: "Its pods could not be seen; Coder answers.",
    isWell: false,
  });
  assert.match(
    stateOf({ deployment: { state: "absent" }, pods: seen([]) }).state,
    /^There is no Deployment yet/,
  );
});

Deno.test("one that was not read is not well; of one on its way out the state says what it waits for", () => {
  const facts = { now: NOW } as unknown as Facts;
  assert.equal(ownerState(facts, undefined, [], () => ({ words: "", isWell: true })).isWell, false);
  const leaving = stateOf({}, { metadata: { deletionTimestamp: at(9), finalizers: ["coder.com/x"] } });
  assert.match(leaving.state, /^It is being deleted since .*; it waits for coder\.com\/x\.$/);
});
