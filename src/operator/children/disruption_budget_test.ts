import assert from "node:assert/strict";
import { PodDisruptionBudgets } from "../../api/kubernetes/resources.ts";
import type { Deployment, PodDisruptionBudget } from "../../api/kubernetes/types.ts";
import { controlledBy, FakeInformer, make } from "../../reconciler/testing/fakes.ts";
import type { BudgetSettings } from "../../workload/disruption_budget.ts";
import type { Tools } from "../pass/step.ts";
import { CHILD, EventLog, FakeApplier, widget, widgetPass } from "../testing.ts";
import { disruptionBudgetStep } from "./disruption_budget.ts";

const labels = { app: "x" };

/** Runs the step over a widget; `pods`: how many its Deployment has. */
async function run(
  settings: BudgetSettings | undefined,
  { wanted = 1, pods, exists = false }: { wanted?: number; pods?: number; exists?: boolean } = {},
) {
  const disruptionBudgets = new FakeInformer(PodDisruptionBudgets);
  const object = widget();
  if (exists) {
    const ownerReferences = controlledBy(object);
    disruptionBudgets.put(
      make(PodDisruptionBudgets, CHILD.name, { namespace: CHILD.namespace, ownerReferences }),
    );
  }
  const applier = new FakeApplier();
  const tools = { kinds: { disruptionBudgets }, events: new EventLog(), applier } as unknown as Tools;
  const deployment = { spec: { replicas: pods } } as unknown as Deployment;
  const pass = widgetPass({ object, ...(pods !== undefined && { deployment }) });
  await disruptionBudgetStep(() => ({ settings, labels, replicas: wanted })).run(pass, tools);
  return {
    applied: applier.applied.map(({ desired }) => desired as PodDisruptionBudget),
    deleted: applier.done.filter((each) => each.startsWith("delete")),
    warnings: pass.report.data().warnings,
  };
}

Deno.test("the budget is named like the Deployment, and is about its pods", async () => {
  const { applied: [budget] } = await run(undefined, { wanted: 2 });
  assert.deepEqual(budget?.metadata, { ...CHILD, labels });
  assert.deepEqual(budget?.spec?.selector, { matchLabels: labels });
});

Deno.test("how many pods there are counts for more than how many the spec wants", async () => {
  assert.equal((await run(undefined, { wanted: 1, pods: 2 })).applied.length, 1);
  assert.equal((await run(undefined, { wanted: 2, pods: 1 })).applied.length, 0);
});

Deno.test("a budget that is not wanted any more goes, and what is not there is not asked for", async () => {
  assert.deepEqual((await run(undefined, { exists: true })).deleted, ["delete PodDisruptionBudget a/w-pods"]);
  assert.deepEqual((await run(undefined, { exists: false })).deleted, []);
  assert.deepEqual((await run({ disabled: true }, { wanted: 3, exists: true })).deleted, [
    "delete PodDisruptionBudget a/w-pods",
  ]);
});

Deno.test("a budget that lets no pod go is made, and warned of", async () => {
  const reasons = async (settings: BudgetSettings, wanted: number) =>
    (await run(settings, { wanted })).warnings.map(({ reason }) => reason);
  assert.deepEqual(await reasons({ minAvailable: 2 }, 2), ["DrainsBlocked"]);
  assert.deepEqual(await reasons({ minAvailable: "100%" }, 2), ["DrainsBlocked"]);
  assert.deepEqual(await reasons({ maxUnavailable: 0 }, 2), ["DrainsBlocked"]);
  assert.deepEqual(await reasons({ maxUnavailable: "0%" }, 2), ["DrainsBlocked"]);
  assert.deepEqual(await reasons({ minAvailable: 1 }, 2), []);
  assert.deepEqual(await reasons({ maxUnavailable: 1 }, 1), []);
  assert.deepEqual(await reasons({}, 1), []);
  assert.deepEqual(await reasons({ disabled: true, minAvailable: 2 }, 2), []);
  assert.deepEqual(await reasons({ minAvailable: 2 }, 0), [], "nothing runs");
  const { applied, warnings } = await run({ minAvailable: 2 }, { wanted: 2 });
  assert.equal(applied[0]?.spec?.minAvailable, 2);
  assert.match(warnings[0]?.message ?? "", /none of 2 pods/);
});
