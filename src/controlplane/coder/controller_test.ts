import assert from "node:assert/strict";
import { type CoderControlPlane, CoderControlPlanes } from "../../api/control_plane.ts";
import { ConfigMaps, Deployments, Secrets } from "../../api/kubernetes/resources.ts";
import type { Deployment } from "../../api/kubernetes/types.ts";
import { keyText } from "../../api/object.ts";
import { createDeployments } from "../../coder/mod.ts";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import { changed, controlledBy, FakeInformer, LineLog, make } from "../../reconciler/testing/fakes.ts";
import { RBAC_FINALIZER } from "../finalizer.ts";
import { storedControlPlane } from "../testing.ts";
import { visitController } from "./controller.ts";
import { VisitResults } from "./results.ts";
import type { Visit, VisitStep, VisitTools } from "./visit.ts";

/** The controller of visits, on time that stands still. */
class World implements AsyncDisposable {
  readonly controlPlanes = new FakeInformer(CoderControlPlanes);
  readonly deployments = new FakeInformer(Deployments);
  readonly secrets = new FakeInformer(Secrets);
  readonly configMaps = new FakeInformer(ConfigMaps);
  readonly clock = new FakeClock();
  readonly log = new LineLog();
  readonly results = new VisitResults();
  readonly coders = createDeployments();
  readonly news: string[] = [];
  readonly visits: Visit[] = [];
  readonly #stop = new AbortController();
  readonly #run: Promise<void>;

  constructor(
    steps: VisitStep[],
    objects: CoderControlPlane[] = [storedControlPlane()],
  ) {
    for (const object of objects) this.controlPlanes.put(object);
    const { controlPlanes, deployments, secrets, configMaps } = this;
    const watcher: VisitStep = {
      name: "Watcher",
      run: (visit) => Promise.resolve(void this.visits.push(visit)),
    };
    const controller = visitController({
      tools: { kinds: { controlPlanes, deployments, secrets, configMaps } } as unknown as VisitTools,
      deployments: this.coders,
      reach: { endpoints: new Map(), route: "direct" },
      steps: [watcher, ...steps],
      results: this.results,
      onNews: (key) => void this.news.push(keyText(key)),
      log: this.log,
      controller: { clock: this.clock, random: () => 0.5, resyncMs: 0 },
    });
    this.#run = controller.run({ stop: this.#stop.signal, abort: this.#stop.signal });
  }

  get visit(): Visit {
    const visit = this.visits.at(-1);
    if (visit === undefined) throw new Error("nobody was visited");
    return visit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the test ends"));
    await this.#run;
    this.coders.close();
  }
}

const step = (run: VisitStep["run"], more: Partial<VisitStep> = {}): VisitStep => ({
  name: "Some",
  run,
  ...more,
});
const nothing = () => Promise.resolve();

function pods(owner: CoderControlPlane, availableReplicas: number): Deployment {
  const made = make(Deployments, "coder", { namespace: "a", ownerReferences: controlledBy(owner) });
  return { ...made, status: { observedGeneration: 1, updatedReplicas: 1, availableReplicas } } as Deployment;
}

Deno.test("what steps say is a result, and news once", async () => {
  await using world = new World([step((visit) => {
    visit.version = "v2.30.0";
    visit.reachable = true;
    visit.migration = { version: 412, dirty: false };
    visit.report.status({ licenseTier: "none" });
    return nothing();
  })]);
  await settle();
  assert.deepEqual(world.results.get("uid-1"), {
    generation: 1,
    report: { conditions: [], absent: [], status: { licenseTier: "none" }, troubles: [], warnings: [] },
    version: "v2.30.0",
    reachable: true,
    migration: { version: 412, dirty: false },
  });
  assert.deepEqual(world.news, ["a/coder"]);
  await world.clock.advance(600_000);
  assert.equal(world.visits.length, 2, "at least every ten minutes");
  assert.deepEqual(world.news, ["a/coder"]);
});

Deno.test("pods are ours alone, and their changes cause visits", async () => {
  const owner = storedControlPlane();
  await using world = new World([], [owner]);
  await settle();
  assert.deepEqual([world.visit.ready, world.visits.length], [false, 1]);
  const waiting = pods(owner, 0);
  world.deployments.put(waiting);
  await settle();
  assert.equal(world.visit.ready, false);
  const ready = changed(waiting, {}, { status: { ...waiting.status, availableReplicas: 1 } });
  world.deployments.put(ready);
  await settle();
  assert.equal(world.visit.ready, true);
  const generation = world.visit.generationOfPods;
  const count = world.visits.length;
  world.deployments.put(changed(ready, { labels: { a: "b" } }));
  await settle();
  assert.equal(world.visits.length, count, "a label is no change of pods");
  world.deployments.put(changed(ready, {}, { status: { ...ready.status, observedGeneration: 2 } }));
  await settle();
  assert.notEqual(world.visit.generationOfPods, generation);
});

Deno.test("a Deployment of somebody else is not looked at", async () => {
  const other = storedControlPlane({}, { uid: "other" });
  await using world = new World([]);
  world.deployments.put(pods(other, 3));
  await settle();
  assert.equal(world.visit.ready, false);
});

Deno.test("a Secret or ConfigMap that is named wakes the control planes that name it", async () => {
  const named = storedControlPlane({
    licenseSecretRef: { name: "lic" },
    envFrom: [{ configMapRef: { name: "env" } }],
  });
  await using world = new World([], [named]);
  await settle();
  const secret = make(Secrets, "lic", { namespace: "a" });
  world.secrets.put(secret);
  await settle();
  assert.equal(world.visits.length, 2);
  world.secrets.put(changed(secret, {}));
  await settle();
  assert.equal(world.visits.length, 3);
  world.configMaps.put(make(ConfigMaps, "env", { namespace: "a" }));
  await settle();
  assert.equal(world.visits.length, 4);
  world.secrets.put(make(Secrets, "lic", { namespace: "b" }));
  world.secrets.put(make(Secrets, "else", { namespace: "a" }));
  await settle();
  assert.equal(world.visits.length, 4);
});

Deno.test("an object that cannot be read is left to the reconciler", async () => {
  await using world = new World([], [
    storedControlPlane({ replicas: "three" } as unknown as CoderControlPlane["spec"]),
  ]);
  await settle();
  assert.deepEqual([world.visits.length, world.results.size], [0, 0]);
});

Deno.test("a control plane that is gone is forgotten, also where another took its name unseen", async () => {
  const forgotten: string[] = [];
  const first = storedControlPlane();
  await using world = new World([step((visit) => {
    visit.client();
    return nothing();
  }, { forget: (uid) => void forgotten.push(uid) })], [first]);
  await settle();
  assert.equal(world.coders.size, 1);
  world.controlPlanes.put(storedControlPlane({}, { uid: "uid-2", resourceVersion: "9", generation: 2 }));
  await settle();
  assert.deepEqual(forgotten, ["uid-1"]);
  assert.deepEqual([world.results.get("uid-1"), world.results.get("uid-2")?.generation], [undefined, 2]);
  world.controlPlanes.remove(first);
  await settle();
  assert.deepEqual(forgotten, ["uid-1", "uid-2"]);
  assert.deepEqual([world.results.size, world.coders.size], [0, 0]);
});

Deno.test("what was made in Coder goes as long as our finalizer holds the control plane", async () => {
  const leaving = (finalizer: string) =>
    storedControlPlane({}, { deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: [finalizer] });
  const ends: string[] = [];
  const end = (visit: Visit) => Promise.resolve(void ends.push(visit.key.name));
  {
    await using world = new World([step(nothing, { end })], [leaving("somebody/else")]);
    await settle();
    assert.equal(world.results.ended("uid-1"), undefined);
  }
  await using world = new World([step(nothing, { end })], [leaving(RBAC_FINALIZER)]);
  await settle();
  assert.deepEqual([ends, world.results.ended("uid-1")], [["coder"], { done: true, message: "" }]);
});
