import assert from "node:assert/strict";
import { countSteps, type Due, finalSpecs, type Step, type UserStep } from "./plan.ts";
import { planAccess, stepWithDatabase, withDatabases } from "./plan_access.ts";

const MINUTE = 60_000;
const users = (steps: readonly Due[]): UserStep[] =>
  steps.flatMap(({ step }) => ("plane" in step ? [step] : []));

Deno.test("the same seed gives the same plan, another seed another one", () => {
  assert.deepEqual(planAccess({ seed: 5, durationMs: MINUTE }), planAccess({ seed: 5, durationMs: MINUTE }));
  assert.notDeepEqual(
    planAccess({ seed: 5, durationMs: MINUTE }).steps,
    planAccess({ seed: 6, durationMs: MINUTE }).steps,
  );
});

Deno.test("steps come in the order of time, and nothing is done to a control plane that is not there", () => {
  for (let seed = 0; seed < 20; seed++) {
    const { steps } = planAccess({ seed, durationMs: 5 * MINUTE });
    const alive = new Set<string>();
    for (const [i, { atMs, step }] of steps.entries()) {
      assert.ok(atMs >= (steps[i - 1]?.atMs ?? 0));
      if (!("plane" in step)) continue;
      if (step.type === "create") alive.add(step.plane);
      else if (step.type === "delete") alive.delete(step.plane);
      else if (!/token/.test(step.type)) assert.ok(alive.has(step.plane), `seed ${seed}: ${step.type}`);
    }
  }
});

Deno.test("ten minutes hold every hand on a token and every outage, often", () => {
  const counts = countSteps(planAccess({ seed: 1, durationMs: 10 * MINUTE }));
  const often: Step["type"][] = [
    "delete token Secret",
    "spoil token Secret",
    "revoke token",
    "coderd killed",
    "PostgreSQL killed",
    "PostgreSQL hung",
    "API server killed",
    "operator killed",
  ];
  for (const type of often) assert.ok((counts.get(type) ?? 0) >= 5, `${counts.get(type)} × ${type}`);
});

Deno.test("a token is revoked inside Coder only where the operator still has time to look again", () => {
  const { steps } = planAccess({ seed: 2, durationMs: 10 * MINUTE });
  for (const { atMs, step } of steps) if (step.type === "revoke token") assert.ok(atMs < 5 * MINUTE + 1_500);
  assert.equal(countSteps(planAccess({ seed: 2, durationMs: MINUTE })).get("revoke token"), undefined);
});

Deno.test("every control plane keeps a pod and the version that answers, and some have no access", () => {
  const { steps } = planAccess({ seed: 3, durationMs: 10 * MINUTE });
  let disabled = 0;
  for (const step of users(steps)) {
    if (step.type === "scale") assert.ok(step.replicas >= 1);
    if (step.type !== "create" && step.type !== "edit") continue;
    assert.ok((step.spec.replicas ?? 0) >= 1);
    assert.match(step.spec.image ?? "", /:v2\.30\.0$/);
    if (step.spec.operatorAccess?.disabled === true) disabled++;
  }
  assert.ok(disabled > 5);
});

Deno.test("outages of Coder are whole again after seconds, and hit every one of them", () => {
  const hit = new Set<number>();
  for (const { step } of planAccess({ seed: 4, durationMs: 20 * MINUTE, coders: 3 }).steps) {
    if (step.type === "coderd killed") hit.add(step.coder);
    if (step.type === "coderd killed" || step.type === "PostgreSQL killed") assert.ok(step.downMs < 5_000);
    if (step.type === "PostgreSQL hung") assert.ok(step.forMs >= 500 && step.forMs < 5_500);
  }
  assert.deepEqual([...hit].sort(), [0, 1, 2]);
});

Deno.test("specs name the database of their Coder, before the variables that were planned", () => {
  const plan = planAccess({ seed: 5, durationMs: MINUTE });
  const urlOf = (plane: string) => `postgres://${plane}`;
  const [[plane, planned] = ["", {}]] = finalSpecs(plan);
  const database = { name: "CODER_PG_CONNECTION_URL", value: `postgres://${plane}` };
  assert.deepEqual(withDatabases(finalSpecs(plan), urlOf).get(plane)?.extraEnv, [
    database,
    ...planned.extraEnv ?? [],
  ]);
  const step: UserStep = { type: "create", plane, spec: planned };
  assert.deepEqual(stepWithDatabase(step, urlOf), {
    ...step,
    spec: { ...planned, extraEnv: [database, ...planned.extraEnv ?? []] },
  });
  const other: UserStep = { type: "revoke token", plane };
  assert.equal(stepWithDatabase(other, urlOf), other);
});
