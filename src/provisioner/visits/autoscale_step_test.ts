import assert from "node:assert/strict";
import { addDaemon, addJob, htmlPage } from "../../../tests/fake-coder/mod.ts";
import { refusal } from "../../operator/visit/control_plane_testing.ts";
import { BY_TARGET } from "../../workload/kinds.ts";
import { DELETION_COST } from "../../workload/provisioner_pods.ts";
import { VisitWorld } from "../../../tests/provisioner/visit_world.ts";

const JOBS = "/api/v2/organizations/{organization}/provisionerjobs";
const DAEMONS = "/api/v2/organizations/{organization}/provisionerdaemons";
const autoscale = { minReplicas: 1, maxReplicas: 4, scaleDownDelay: "1m" };

/** With a key, a Deployment and its pods. */
async function running(replicas = 1, spec = {}): Promise<VisitWorld> {
  const world = await VisitWorld.start({ spec: { autoscale, ...spec } });
  await world.settle();
  if (replicas === 1) return world;
  world.roll(replicas);
  // As after a start of the operator: what was asked for before is not known.
  for (const step of world.steps) step.forget?.("uid-1");
  return world;
}

const names = (world: VisitWorld) => world.pods.list().map(({ metadata }) => metadata.name ?? "").sort();
const marked = (world: VisitWorld) =>
  world.pods.list().flatMap(({ metadata: { annotations, name } }) =>
    annotations?.[DELETION_COST] === undefined ? [] : [`${name} ${annotations[DELETION_COST]}`]
  ).sort();

Deno.test("without autoscale there is no number and no condition", async () => {
  await using world = await VisitWorld.start();
  await world.settle();
  assert.equal(world.result?.replicas, undefined);
  assert.deepEqual(world.result?.report.absent, ["Autoscaling"]);
  assert.equal(world.coder.count({ route: JOBS }), 0);
});

Deno.test("before there is a Deployment, there is nothing to scale", async () => {
  await using world = await VisitWorld.start({ spec: { autoscale } });
  await world.visit();
  assert.equal(world.result?.replicas, undefined);
  assert.equal(world.coder.count({ route: JOBS }), 0);
});

Deno.test("jobs that wait bring pods at once, and each change is told once", async () => {
  await using world = await running();
  assert.equal(world.result?.replicas, 1);
  assert.equal(world.said("Autoscaling"), "True FollowsJobs");
  for (let job = 0; job < 3; job++) addJob(world.coder.state, {});
  addJob(world.coder.state, { tags: { region: "eu" } });
  world.shiftMs += 15_000;
  world.events.length = 0;
  await world.visit();
  await world.visit();
  assert.equal(world.result?.replicas, 3);
  assert.deepEqual(world.events, ["Normal Scaled: From 1 to 3 pods: jobs running here: 0, waiting: 3"]);
  assert.ok((world.lookAgainMs ?? Infinity) <= 15_000);
});

Deno.test("there are fewer pods when there has been less work for a while, and idle ones go first", async () => {
  await using world = await running(3);
  const [busy = "", ...idle] = names(world);
  addJob(world.coder.state, { status: "running", worker_name: busy });
  world.shiftMs += 15_000;
  await world.visit();
  assert.equal(world.result?.replicas, 3);
  world.shiftMs += 60_000;
  await world.visit();
  assert.equal(world.result?.replicas, 3, "pods are marked before the number changes");
  assert.deepEqual(marked(world), idle.map((name) => `${name} -100`));
  assert.equal(world.lookAgainMs, 1_000);
  await world.visit();
  assert.equal(world.result?.replicas, 1);
  assert.equal(world.coder.count({ route: DAEMONS }), 0, "jobs say who works on them");
  for (let job = 0; job < 4; job++) addJob(world.coder.state, {});
  world.shiftMs += 15_000;
  await world.visit();
  assert.deepEqual(marked(world), [], "marks go when they are not right any more");
});

Deno.test("where an older Coder does not say who works on a job, daemons are asked for", async () => {
  await using world = await running(2);
  const [busy = "", idle = ""] = names(world);
  const [key] = world.coder.state.provisionerKeys;
  assert.ok(key);
  addJob(world.coder.state, { status: "running" });
  addDaemon(world.coder.state, { name: busy, key_id: key.id, status: "busy" });
  addDaemon(world.coder.state, { name: idle, key_id: key.id });
  for (let round = 0; round < 6; round++) {
    world.shiftMs += 15_000;
    await world.visit();
  }
  assert.ok(world.coder.count({ route: DAEMONS }) > 0);
  assert.deepEqual(marked(world), [`${idle} -100`]);
});

Deno.test("while the jobs are not known, the pods that are there stay", async () => {
  await using world = await running(2);
  world.coder.faults.add({ route: JOBS, times: Infinity, action: htmlPage(502, "Bad Gateway") });
  world.shiftMs += 120_000;
  await world.visit();
  assert.equal(world.said("Autoscaling"), "False JobsUnknown");
  assert.equal(world.result?.replicas, 2);
});

Deno.test("while pods are replaced, none is taken away", async () => {
  await using world = await running(2);
  const status = { observedGeneration: 1, replicas: 3, updatedReplicas: 2 };
  world.deployment("checksum", { replicas: 2, status });
  for (let round = 0; round < 6; round++) {
    world.shiftMs += 15_000;
    await world.visit();
  }
  assert.equal(world.result?.replicas, 2);
  assert.deepEqual(marked(world), []);
});

Deno.test("an autoscaler of Kubernetes goes before", async () => {
  await using world = await running();
  world.autoscalers.addIndex(BY_TARGET, () => ["a/provisioner-prov"]);
  world.put({
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "h", namespace: "a" },
  });
  await world.visit();
  assert.equal(world.said("Autoscaling"), "False AutoscaledByOthers");
  assert.equal(world.result?.replicas, undefined);
});

Deno.test("a pod that is gone needs no mark, and a mark that is refused is trouble", async () => {
  await using world = await running(2);
  let code = 404;
  world.onCall = (what) => {
    if (what.startsWith("patch pods")) throw refusal(code, code === 404 ? "NotFound" : "Forbidden", "no");
  };
  world.shiftMs += 15_000;
  await world.visit();
  world.shiftMs += 61_000;
  await world.visit();
  assert.ok(world.calls.some((call) => call.startsWith("patch pods")));
  assert.equal(world.result?.replicas, 2);
  code = 403;
  await assert.rejects(world.visit(), /no/);
});
