import assert from "node:assert/strict";
import type { CoderControlPlane, ControlPlaneStatus } from "../api/control_plane.ts";
import type { Deployment } from "../api/kubernetes/types.ts";
import type { KubeClient } from "../kube/client.ts";
import { KubeApiError } from "../kube/errors.ts";
import { TerminalError } from "../reconciler/reconcile.ts";
import { silentLogger } from "../telemetry/logger.ts";
import { conditionOf } from "../workload/conditions.ts";
import { SpecError } from "../workload/spec_error.ts";
import { VisitResults } from "./coder/results.ts";
import { RBAC_FINALIZER } from "./finalizer.ts";
import { EMPTY_REPORT } from "../operator/pass/report.ts";
import { controlPlaneReconcile, type ReconcilerOptions } from "./reconciler.ts";
import type { Step } from "./step.ts";
import { storedControlPlane } from "./testing.ts";

const key = { namespace: "a", name: "coder" };
const refusal = (code: number, reason = "") =>
  new KubeApiError(code, reason, "refused", { method: "PUT", path: "/" });
const fails = (error: unknown): Step => ({ name: "Some", run: () => Promise.reject(error) });

/** A cache with one control plane, or none, and a server that stores its status. */
class World {
  cached: CoderControlPlane | undefined;
  deployment: Deployment | undefined;
  statuses: ControlPlaneStatus[] = [];
  events: string[] = [];
  now = new Date("2026-01-01T00:00:00Z");
  results: VisitResults | undefined;
  asked: string[] = [];
  defines: () => Promise<boolean> = () => Promise.resolve(false);

  constructor(spec: unknown = {}, metadata: Partial<CoderControlPlane["metadata"]> = {}) {
    this.cached = storedControlPlane(spec as CoderControlPlane["spec"], metadata);
  }

  async run(steps: Step[] = [], signal = new AbortController().signal) {
    const client = {
      update: (_type: unknown, object: CoderControlPlane) => {
        this.statuses.push(object.status ?? {});
        return Promise.resolve(object);
      },
      list: () => Promise.reject(refusal(403, "Forbidden")),
    } as unknown as KubeClient;
    const options = {
      client,
      kinds: {
        controlPlanes: { get: () => this.cached, observe: () => {} },
        deployments: { get: () => this.deployment },
      },
      envSources: { define: (_sources: unknown, name: string) => (this.asked.push(name), this.defines()) },
      events: {
        event: (_object: unknown, type: string, reason: string) => void this.events.push(`${type} ${reason}`),
      },
      redact: (text: string) => text,
      namespaces: [],
      now: () => this.now,
      ...(this.results && { results: this.results }),
      stages: [steps],
    } as unknown as ReconcilerOptions;
    return await controlPlaneReconcile(options)(key, { signal, log: silentLogger });
  }

  condition(type: string) {
    const condition = conditionOf(this.statuses.at(-1)?.conditions, type);
    return condition === undefined ? undefined : `${condition.status}/${condition.reason}`;
  }
}

Deno.test("a control plane that is gone needs nothing", async () => {
  const world = new World();
  world.cached = undefined;
  assert.equal(await world.run([fails(new Error("not called"))]), undefined);
});

Deno.test("an object that cannot be read gets a status, and waits for its next change", async () => {
  const world = new World({ replicas: "three" });
  await assert.rejects(world.run(), TerminalError);
  assert.equal(world.condition("Stalled"), "True/InvalidSpec");
  assert.match(conditionOf(world.statuses[0]?.conditions, "Stalled")?.message ?? "", /spec.replicas/);
  assert.deepEqual(world.events.filter((event) => event.startsWith("Warning")), [
    "Warning Degraded",
    "Warning Stalled",
  ]);
});

Deno.test("a spec that cannot be made is not tried again before it changes", async () => {
  const world = new World();
  await assert.rejects(world.run([fails(new SpecError("spec.x", "is blank"))]), TerminalError);
  assert.equal(world.condition("Degraded"), "True/InvalidSpec");
});

Deno.test("an aborted pass writes no status", async () => {
  const world = new World();
  const abort = new AbortController();
  const reason = new Error("leadership was lost");
  const step: Step = { name: "Some", run: () => Promise.resolve(abort.abort(reason)) };
  await assert.rejects(world.run([step], abort.signal), reason);
  assert.deepEqual(world.statuses, []);
});

Deno.test("sources are asked for a database only where it matters", async () => {
  const one = new World();
  await one.run();
  assert.deepEqual(one.asked, []);
  const named = new World({ replicas: 2, extraEnv: [{ name: "CODER_PG_CONNECTION_URL", value: "x" }] });
  await named.run();
  assert.deepEqual(named.asked, []);
  const several = new World({ replicas: 2 });
  await several.run();
  assert.deepEqual(several.asked, ["CODER_PG_CONNECTION_URL"]);
  assert.equal(several.condition("ConfigurationWarning"), "True/BuiltInDatabaseShared");
  const unknown = new World({ replicas: 2 });
  unknown.defines = () => Promise.reject(refusal(403, "Forbidden"));
  await unknown.run();
  assert.equal(
    unknown.condition("ConfigurationWarning"),
    undefined,
    "nobody is warned of what cannot be told",
  );
});

Deno.test("a dot in the name is warned of once, and nothing is written for other names", async () => {
  const dotted = new World({}, { name: "my.coder" });
  await dotted.run();
  assert.equal(dotted.condition("ConfigurationWarning"), "True/NameHasDot");
  dotted.cached = { ...dotted.cached!, status: dotted.statuses.at(-1)! };
  await dotted.run();
  assert.equal(dotted.statuses.length, 1);
  assert.equal(dotted.events.filter((event) => event === "Warning ConfigurationWarning").length, 1);
  const plain = new World();
  await plain.run();
  assert.equal(plain.condition("ConfigurationWarning"), undefined);
});

Deno.test("what the annotations about deletion say is warned of where it cannot be understood", async () => {
  const world = new World({}, { annotations: { "coder.com/deletion-policy": "delete" } });
  await world.run();
  assert.equal(world.condition("ConfigurationWarning"), "True/DeletionPolicyUnknown");
  const plain = new World({}, { annotations: { "coder.com/deletion-policy": "Delete" } });
  await plain.run();
  assert.equal(plain.condition("ConfigurationWarning"), undefined);
});

Deno.test("a control plane that a backup brought back says nothing of an earlier end", async () => {
  const world = new World();
  const ended = { type: "ContentsDeletion", status: "False" as const, reason: "Deleted", message: "all" };
  const lastTransitionTime = "2025-01-01T00:00:00Z";
  world.cached = { ...world.cached!, status: { conditions: [{ ...ended, lastTransitionTime }] } };
  await world.run();
  assert.equal(world.statuses.length, 1);
  assert.equal(world.condition("ContentsDeletion"), undefined);
});

Deno.test("a clean-up that fails is told and tried again", async () => {
  const deletionTimestamp = "2026-01-01T00:00:00Z";
  const world = new World({}, { deletionTimestamp, finalizers: [RBAC_FINALIZER] });
  await assert.rejects(world.run(), KubeApiError);
  assert.deepEqual(world.events, ["Warning CleanupFailed"]);
  assert.deepEqual(world.statuses, []);
  const free = new World({}, { deletionTimestamp, finalizers: ["example.com/hold"] });
  await free.run([fails(new Error("not called"))]);
  assert.deepEqual([free.events, free.statuses], [[], []]);
});

Deno.test("an end waits for what is to be removed in Coder, and not for ever", async () => {
  const deletionTimestamp = "2026-01-01T00:00:00Z";
  const ending = () => {
    const world = new World({}, { deletionTimestamp, finalizers: [RBAC_FINALIZER] });
    world.results = new VisitResults();
    return world;
  };
  const waiting = ending();
  assert.deepEqual(await waiting.run(), { requeueAfterMs: 120_000 });
  waiting.now = new Date("2026-01-01T00:01:30Z");
  waiting.results?.setEnded("uid-1", { done: false, message: "the database is away" });
  assert.deepEqual(await waiting.run(), { requeueAfterMs: 30_000 });
  waiting.now = new Date("2026-01-01T00:02:00Z");
  await assert.rejects(waiting.run(), KubeApiError, "it goes on to the clean-up");
  assert.deepEqual(waiting.events, ["Warning AccessNotRevoked", "Warning CleanupFailed"]);

  const done = ending();
  done.results?.setEnded("uid-1", { done: true, message: "" });
  await assert.rejects(done.run(), KubeApiError);
  assert.deepEqual(done.events, ["Warning CleanupFailed"]);
});

Deno.test("a pass knows whether a visit that has seen its generation is still to come", async () => {
  const world = new World({}, { generation: 4 });
  const due: (boolean | undefined)[] = [];
  const step: Step = { name: "Some", run: (pass) => Promise.resolve(void due.push(pass.visitDue)) };
  await world.run([step]);
  const results = world.results = new VisitResults();
  await world.run([step]);
  for (const generation of [3, 4]) {
    results.set("uid-1", { generation, report: EMPTY_REPORT, reachable: false });
    await world.run([step]);
  }
  assert.deepEqual(due, [false, true, true, false], "nobody visits, no visit yet, an earlier one, this one");
});
