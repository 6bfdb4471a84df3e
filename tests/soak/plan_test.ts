import assert from "node:assert/strict";
import { countSteps, type Due, finalSpecs, HAND_EDITS, planChaos, type Step, type UserStep } from "./plan.ts";

const MINUTE = 60_000;
const DISTURBANCES = [
  "API server killed",
  "operator killed",
  "watches cut",
  "watches expired",
  "watches frozen",
  "requests throttled",
  "requests failed",
  "answers lost",
];
const USER_STEPS = ["create", "edit", "delete", "delete child", "edit child", "scale", "rollout restart"];

const users = (steps: readonly Due[]): UserStep[] =>
  steps.flatMap(({ step }) => ("plane" in step ? [step] : []));

Deno.test("the same seed gives the same plan, another seed another one", () => {
  assert.deepEqual(planChaos({ seed: 5, durationMs: MINUTE }), planChaos({ seed: 5, durationMs: MINUTE }));
  assert.notDeepEqual(
    planChaos({ seed: 5, durationMs: MINUTE }).steps,
    planChaos({ seed: 6, durationMs: MINUTE }).steps,
  );
});

Deno.test("more disturbances leave what users do as it is", () => {
  const calm = planChaos({ seed: 5, durationMs: MINUTE });
  const wild = planChaos({ seed: 5, durationMs: MINUTE, disturbEveryMs: 1_000 });
  assert.deepEqual(users(calm.steps), users(wild.steps));
  assert.ok(wild.steps.length > calm.steps.length);
});

Deno.test("steps come in the order of time, within the time that is given, as often as is asked for", () => {
  const { steps } = planChaos({ seed: 1, durationMs: 10 * MINUTE, everyMs: 500 });
  for (const [i, { atMs }] of steps.entries()) {
    assert.ok(atMs >= (steps[i - 1]?.atMs ?? 0) && atMs < 10 * MINUTE);
  }
  const count = users(steps).length;
  assert.ok(count > 1_000 && count < 1_400, `${count} steps of users in 10 minutes, every 500 ms`);
});

Deno.test("nothing is done to a control plane that is not there", () => {
  for (let seed = 0; seed < 20; seed++) {
    const alive = new Set<string>();
    for (const { type, plane } of users(planChaos({ seed, durationMs: MINUTE, planes: 3 }).steps)) {
      assert.equal(alive.has(plane), type !== "create", `seed ${seed}: ${type} ${plane}`);
      if (type === "create") alive.add(plane);
      if (type === "delete") alive.delete(plane);
    }
  }
});

Deno.test("a minute holds everything that users do, and every edit of a child is of a field it has", () => {
  const { steps } = planChaos({ seed: 3, durationMs: MINUTE });
  const counts = countSteps({ steps });
  for (const type of USER_STEPS) assert.ok((counts.get(type as Step["type"]) ?? 0) > 0, type);
  for (const step of users(steps)) {
    if (step.type === "edit child") {
      assert.ok((HAND_EDITS[step.child] as readonly string[]).includes(step.field));
    }
  }
});

Deno.test("every kind of disturbance comes once before any comes again", () => {
  for (let seed = 0; seed < 10; seed++) {
    const { steps } = planChaos({ seed, durationMs: 5 * MINUTE });
    const types = steps.flatMap(({ step }) => "plane" in step ? [] : [step.type as string]);
    assert.ok(types.length >= 2 * DISTURBANCES.length);
    for (let at = 0; at + DISTURBANCES.length <= types.length; at += DISTURBANCES.length) {
      assert.deepEqual(types.slice(at, at + DISTURBANCES.length).sort(), [...DISTURBANCES].sort());
    }
  }
});

Deno.test("what breaks is whole again after seconds, so that there is something to recover from and to", () => {
  const { steps } = planChaos({ seed: 8, durationMs: 30 * MINUTE });
  for (const { step } of steps) {
    if ("downMs" in step) assert.ok(step.downMs >= 0 && step.downMs < 3_000);
    if ("forMs" in step) assert.ok(step.forMs >= 500 && step.forMs < 5_500);
    if ("times" in step) assert.ok(step.times >= 1 && step.times <= 5);
  }
});

Deno.test("the specs at the end are those that were asked for last, of what was not deleted since", () => {
  const due = (step: Step, atMs = 0): Due => ({ step, atMs });
  const specs = finalSpecs({
    steps: [
      due({ type: "create", plane: "kept", spec: { replicas: 1 } }),
      due({ type: "create", plane: "gone", spec: { replicas: 1 } }),
      due({ type: "create", plane: "back", spec: { replicas: 1 } }),
      due({ type: "edit", plane: "kept", spec: { replicas: 2 } }),
      due({ type: "delete", plane: "gone", propagation: "Background" }),
      due({ type: "delete", plane: "back", propagation: "Foreground" }),
      due({ type: "scale", plane: "kept", replicas: 3 }),
      due({ type: "create", plane: "back", spec: { replicas: 5 } }),
    ],
  });
  assert.deepEqual([...specs], [["kept", { replicas: 2 }], ["back", { replicas: 5 }]]);
});

Deno.test("a long plan leaves some control planes and deletes some", () => {
  const plan = planChaos({ seed: 4, durationMs: 10 * MINUTE });
  const left = finalSpecs(plan).size;
  assert.ok(left > 0 && left <= plan.names.length);
  assert.ok((countSteps(plan).get("delete") ?? 0) > 50);
});
