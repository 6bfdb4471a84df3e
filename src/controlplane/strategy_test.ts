import assert from "node:assert/strict";
import type { Deployment, DeploymentStrategy } from "../api/kubernetes/types.ts";
import { strategyOf } from "./strategy.ts";
import { controlPlane } from "./testing.ts";

const serving = { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
const live = (strategy?: DeploymentStrategy): Deployment => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: {},
  spec: { selector: {}, template: {}, ...(strategy && { strategy }) },
});

Deno.test("old pods serve until new ones do", () => {
  assert.deepEqual(strategyOf(controlPlane(), undefined, true), serving);
  const server = { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } };
  for (const strategy of [undefined, {}, server, serving]) {
    assert.deepEqual(strategyOf(controlPlane(), live(strategy), true), serving, JSON.stringify(strategy));
  }
});

Deno.test("a Deployment whose template is kept keeps its strategy, too", () => {
  assert.equal(strategyOf(controlPlane(), live({}), false), undefined);
});

Deno.test("what somebody set by hand stays", () => {
  const theirs = { type: "RollingUpdate", rollingUpdate: { maxSurge: "50%", maxUnavailable: 0 } };
  for (const strategy of [theirs, { type: "Recreate" }]) {
    assert.equal(strategyOf(controlPlane(), live(strategy), true), undefined);
  }
});

Deno.test("what the spec says is applied, whatever is there", () => {
  const strategy = { rollingUpdate: { maxSurge: "50%" } };
  assert.deepEqual(strategyOf(controlPlane({ strategy }), live({ type: "Recreate" }), false), strategy);
});

Deno.test("Recreate takes away what belongs to rolling updates", () => {
  assert.deepEqual(strategyOf(controlPlane({ strategy: { type: "Recreate" } }), live(serving), true), {
    type: "Recreate",
    rollingUpdate: null,
  });
});
