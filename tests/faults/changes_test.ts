import assert from "node:assert/strict";
import { seededRandom } from "../../src/telemetry/testing/random.ts";
import { planChanges } from "./changes.ts";

const NAMES = ["a", "b", "c"];

Deno.test("the same seed gives the same plan, another seed another one", () => {
  const plan = (seed: number) => planChanges(seededRandom(seed), NAMES, 50);
  assert.deepEqual(plan(1), plan(1));
  assert.notDeepEqual(plan(1), plan(2));
});

Deno.test("a plan creates what is not there, edits and deletes what is, and knows what is left", () => {
  const { changes, left } = planChanges(seededRandom(7), NAMES, 200);
  const alive = new Set<string>();
  for (const { type, name } of changes) {
    assert.equal(alive.has(name), type !== "create", `${type} ${name}`);
    if (type === "create") alive.add(name);
    if (type === "delete") alive.delete(name);
  }
  assert.deepEqual([...alive].sort(), [...left].sort());
  for (const type of ["create", "edit", "delete"]) assert.ok(changes.some((change) => change.type === type));
});

Deno.test("every edit says all that a spec may say, so that the last one alone decides", () => {
  const { changes } = planChanges(seededRandom(3), NAMES, 100);
  const shapes = changes.flatMap((change) =>
    change.type === "delete" ? [] : [Object.keys(change.spec).sort().join()]
  );
  assert.deepEqual([...new Set(shapes)], ["extraEnv,image,replicas,service,upgrade"]);
});
