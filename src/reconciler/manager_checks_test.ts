import assert from "node:assert/strict";
import { Health } from "../telemetry/health.ts";
import type { Controller, PassInHand } from "./controller.ts";
import { addManagerChecks, LOST_PASS_MS, LOST_WORK_MS } from "./manager_checks.ts";
import type { ManagerState } from "./manager.ts";
import { FakeCache, key } from "./testing/fakes.ts";

function checks(state: ManagerState, controller: Partial<Controller> = {}) {
  const health = new Health();
  const whole: Controller = {
    name: "widget",
    run: () => Promise.resolve(),
    enqueue() {},
    running: true,
    inHand: () => [],
    idleWithWorkMs: () => 0,
    ...controller,
  };
  addManagerChecks(health, { cache: new FakeCache(), controllers: [whole], manager: { state } });
  const troubles = (probe: "liveness" | "readiness") =>
    health.check(probe).map(({ name, trouble }) => `${name}: ${trouble}`);
  return { readiness: troubles("readiness"), liveness: troubles("liveness") };
}

const pass = (overdueMs: number): PassInHand => ({ key: key("a"), runningMs: 60_000 + overdueMs, overdueMs });

Deno.test("a leader is ready while its workers run", () => {
  assert.deepEqual(checks("leading").readiness, ["caches: ", "workers: "]);
  assert.deepEqual(checks("leading", { running: false }).readiness, [
    "caches: ",
    "workers: leading, but not running: widget",
  ]);
});

Deno.test("workers that do not run are no trouble for a stand-by or at the end", () => {
  for (const state of ["standby", "draining", "stopped"] as const) {
    assert.deepEqual(checks(state, { running: false }).readiness[1], "workers: ", state);
  }
});

Deno.test("liveness fails for a pass that is long past its deadline, not for one that is a little late", () => {
  assert.deepEqual(checks("leading", { inHand: () => [pass(LOST_PASS_MS)] }).liveness, ["reconcilers: "]);
  assert.deepEqual(checks("leading", { inHand: () => [pass(0), pass(LOST_PASS_MS + 1)] }).liveness, [
    "reconcilers: widget has been at ns/a for 360 s and does not stop",
  ]);
});

Deno.test("liveness fails where due work is not taken up", () => {
  assert.deepEqual(checks("leading", { idleWithWorkMs: () => LOST_WORK_MS }).liveness, ["reconcilers: "]);
  assert.deepEqual(checks("leading", { idleWithWorkMs: () => LOST_WORK_MS + 1 }).liveness, [
    "reconcilers: widget has not taken up work that has been due for 60 s",
  ]);
});
