import assert from "node:assert/strict";
import { blocksDrains, type BudgetSettings, disruptionBudget } from "./disruption_budget.ts";

const labels = { app: "x" };
const budget = (given: BudgetSettings | undefined, replicas: number) =>
  disruptionBudget(given, { name: "x", namespace: "a", labels, replicas });

Deno.test("one pod alone gets no budget that nobody asked for", () => {
  assert.equal(budget(undefined, 0), undefined);
  assert.equal(budget(undefined, 1), undefined);
  assert.equal(budget({}, 1), undefined);
});

Deno.test("of several pods one may go at a time", () => {
  assert.deepEqual(budget(undefined, 2), {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: "x", namespace: "a", labels },
    spec: {
      selector: { matchLabels: labels },
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: "AlwaysAllow",
    },
  });
});

Deno.test("what is asked for is given, also to one pod", () => {
  assert.equal(budget({ minAvailable: "50%" }, 1)?.spec?.minAvailable, "50%");
  const { minAvailable, maxUnavailable } = budget({ maxUnavailable: 0 }, 3)?.spec ?? {};
  assert.deepEqual([minAvailable, maxUnavailable], [undefined, 0]);
  assert.equal(budget({ maxUnavailable: "50%" }, 3)?.spec?.maxUnavailable, "50%");
});

Deno.test("a budget that is switched off is none", () => {
  assert.equal(budget({ disabled: true }, 3), undefined);
  assert.equal(budget({ disabled: true, minAvailable: 1 }, 3), undefined);
});

Deno.test("a budget that lets no pod go is known", () => {
  const cases: [BudgetSettings | undefined, number, boolean][] = [
    [undefined, 3, false],
    [{ minAvailable: 2 }, 3, false],
    [{ minAvailable: 3 }, 3, true],
    [{ minAvailable: 4 }, 3, true],
    [{ minAvailable: "99%" }, 3, false],
    [{ minAvailable: "100%" }, 3, true],
    [{ maxUnavailable: 1 }, 3, false],
    [{ maxUnavailable: 0 }, 3, true],
    [{ maxUnavailable: "0%" }, 3, true],
    [{ maxUnavailable: 0, disabled: true }, 3, false],
    [{ minAvailable: 1 }, 0, false],
  ];
  for (const [given, replicas, expected] of cases) {
    assert.equal(blocksDrains(given, replicas), expected, `${JSON.stringify(given)} of ${replicas}`);
  }
});
