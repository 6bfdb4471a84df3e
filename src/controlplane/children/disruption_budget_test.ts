import assert from "node:assert/strict";
import { desiredDisruptionBudget, disruptionBudgetWarnings } from "./disruption_budget.ts";
import { controlPlane } from "../testing.ts";

type Budget = NonNullable<NonNullable<Parameters<typeof controlPlane>[0]>["podDisruptionBudget"]>;

const of = (podDisruptionBudget?: Budget) => controlPlane(podDisruptionBudget && { podDisruptionBudget });
const spec = (budget: Budget | undefined, replicas: number) =>
  desiredDisruptionBudget(of(budget), replicas)?.spec;
const reasons = (budget: Budget, replicas: number) =>
  disruptionBudgetWarnings(of(budget), replicas).map(({ reason }) => reason);

const labels = {
  "app.kubernetes.io/name": "coder-control-plane",
  "app.kubernetes.io/instance": "coder",
  "app.kubernetes.io/managed-by": "coder-k8s",
};
const common = { selector: { matchLabels: labels }, unhealthyPodEvictionPolicy: "AlwaysAllow" };

Deno.test("several pods get a budget that lets one go at a time, a single one gets none", () => {
  assert.deepEqual(desiredDisruptionBudget(of(), 2), {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: "coder", namespace: "a", labels },
    spec: { ...common, maxUnavailable: 1 },
  });
  for (const replicas of [0, 1]) {
    assert.equal(spec(undefined, replicas), undefined);
    assert.equal(spec({}, replicas), undefined);
  }
});

Deno.test("a budget that is asked for is made for any number of pods", () => {
  assert.deepEqual(spec({ minAvailable: 1 }, 1), { ...common, minAvailable: 1 });
  assert.deepEqual(spec({ maxUnavailable: "50%" }, 3), { ...common, maxUnavailable: "50%" });
});

Deno.test("a budget that is switched off is not made", () => {
  assert.equal(spec({ disabled: true }, 3), undefined);
  assert.equal(spec({ disabled: true, minAvailable: 1 }, 3), undefined);
});

Deno.test("a budget that lets no pod go is warned of", () => {
  assert.deepEqual(reasons({ minAvailable: 2 }, 2), ["DrainsBlocked"]);
  assert.deepEqual(reasons({ minAvailable: "100%" }, 2), ["DrainsBlocked"]);
  assert.deepEqual(reasons({ maxUnavailable: 0 }, 2), ["DrainsBlocked"]);
  assert.deepEqual(reasons({ maxUnavailable: "0%" }, 2), ["DrainsBlocked"]);
  assert.deepEqual(reasons({ minAvailable: 1 }, 2), []);
  assert.deepEqual(reasons({ maxUnavailable: 1 }, 1), []);
  assert.deepEqual(reasons({}, 1), []);
  assert.deepEqual(reasons({ disabled: true, minAvailable: 2 }, 2), []);
  assert.deepEqual(reasons({ minAvailable: 2 }, 0), [], "nothing runs");
});
