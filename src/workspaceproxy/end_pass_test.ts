import assert from "node:assert/strict";
import { htmlPage } from "../../tests/fake-coder/mod.ts";
import { Deployments, Namespaces } from "../api/kubernetes/resources.ts";
import { readyControlPlane } from "../operator/visit/control_plane_testing.ts";
import { controlledBy, make } from "../reconciler/testing/fakes.ts";
import { GIVE_UP_ANNOTATION, PROXY_FINALIZER } from "./ending.ts";
import { LABELS } from "./testing.ts";
import { DEPLOYMENT, KEY, refused, World } from "../../tests/workspaceproxy/world.ts";

/** A registered proxy whose pods run. */
async function running(...given: Parameters<typeof World.start>): Promise<World> {
  const world = await World.start(...given);
  await world.settle();
  world.told();
  return world;
}

const isGone = (world: World) => world.kinds.workspaceProxies.get(KEY) === undefined;

/** The pods have ended, and with them the Deployment. */
function endPods(world: World): void {
  world.kinds.deployments.remove(world.deployment!);
}

Deno.test("pods end first, then the registration goes, then the finalizer", async () => {
  await using world = await running();
  world.delete();
  assert.deepEqual(await world.pass(), { requeueAfterMs: 90_000 });
  assert.equal(world.propagation, "Foreground", "the Deployment is gone when its last pod is");
  assert.equal(world.condition("Terminating"), "True/PodsEnding");
  assert.equal(world.condition("Ready"), "False/Terminating");
  assert.equal(await world.visit(), "The pods end first");
  assert.equal(world.registered.length, 1);
  endPods(world);
  await world.pass();
  assert.equal(world.condition("Terminating"), "True/RemovingRegistration");
  assert.match(world.message("Terminating"), new RegExp(`kubectl annotate .* ${GIVE_UP_ANNOTATION}=true`));
  assert.equal(await world.visit(), "");
  assert.deepEqual(world.registered, []);
  await world.pass();
  assert.ok(isGone(world));
  assert.deepEqual(world.told(), [
    "Normal Deleted",
    "Warning NotReady",
    "Normal Terminating",
    "Normal RegistrationRemoved",
  ]);
});

Deno.test("nothing is made anew while a proxy is being deleted", async () => {
  await using world = await running();
  world.delete({ finalizers: [PROXY_FINALIZER, "example.com/hold"] });
  await world.pass();
  endPods(world);
  await world.visit();
  await world.pass();
  assert.deepEqual(world.object.metadata.finalizers, ["example.com/hold"]);
  for (let round = 0; round < 3; round++) {
    await world.visit();
    await world.pass();
    assert.deepEqual(world.done, []);
  }
  assert.equal(world.deployment, undefined);
  assert.deepEqual(world.registered, []);
});

Deno.test("pods that do not end are waited for as long as they may take, and no longer", async () => {
  await using world = await running({ terminationGracePeriodSeconds: 120 });
  world.delete();
  assert.deepEqual(await world.pass(), { requeueAfterMs: 180_000 });
  world.ms += 179_000;
  assert.deepEqual(await world.pass(), { requeueAfterMs: 1_000 });
  assert.equal(await world.visit(), "The pods end first");
  world.ms += 1_000;
  assert.equal(await world.visit(), "");
  await world.pass();
  assert.ok(isGone(world));
});

Deno.test("a Coder that does not answer holds a proxy for a bounded time, asked seldom and told once", async () => {
  await using world = await running();
  world.coder.fake.faults.add({ times: Infinity, action: htmlPage(502, "Bad Gateway") });
  world.delete();
  await world.pass();
  endPods(world);
  const since = world.coder.fake.requests.length;
  let writes = 0;
  const begin = world.ms;
  while (!isGone(world) && world.ms - begin < 3_600_000) {
    await world.visit();
    await world.pass();
    writes += world.done.filter((each) => each === "status").length;
    world.ms += 5_000;
  }
  const seconds = (world.ms - begin) / 1_000;
  assert.ok(seconds > 600 && seconds < 780, `${seconds} s`);
  assert.ok(writes <= 2, `${writes} writes`);
  assert.ok(world.coder.fake.requests.length - since <= seconds / 10, "it is asked seldom");
  assert.ok(world.told().includes("Warning RegistrationAbandoned"));
});

Deno.test("a visit that hangs holds a proxy for a bounded time, too", async () => {
  await using world = await running();
  world.delete();
  await world.pass();
  endPods(world);
  world.ms += 30_000 + 120_000 + 600_000 - 1;
  assert.deepEqual(await world.pass(), { requeueAfterMs: 1 });
  world.ms += 1;
  await world.pass();
  assert.ok(isGone(world));
  assert.ok(world.told().includes("Warning RegistrationAbandoned"));
});

Deno.test("without visits nothing is waited for", async () => {
  await using world = await running();
  world.results = undefined;
  world.delete();
  await world.pass();
  endPods(world);
  await world.pass();
  assert.ok(isGone(world));
});

Deno.test("somebody may give the registration up, and then neither pods nor Coder are waited for", async () => {
  await using world = await running();
  world.coder.fake.faults.add({ times: Infinity, action: htmlPage(502, "Bad Gateway") });
  world.delete();
  await world.pass();
  world.change(undefined, { annotations: { [GIVE_UP_ANNOTATION]: "true" } });
  assert.equal(await world.visit(), "");
  await world.pass();
  assert.ok(isGone(world));
  assert.ok(world.told().includes("Warning RegistrationAbandoned"));
});

Deno.test("what is still to be removed is on record, also for the next process", async () => {
  await using world = await running();
  const { id } = world.proxy;
  world.coder.fake.faults.add({ times: Infinity, action: htmlPage(502, "Bad Gateway") });
  world.delete();
  await world.pass();
  endPods(world);
  assert.match(await world.visit(), /eu still to be removed/);
  assert.deepEqual(world.status.formerRegistrations?.map((former) => former.id), [id]);

  world.coder.fake.faults.clear();
  world.restart();
  await world.visit();
  assert.deepEqual(world.registered, []);
});

Deno.test("children that are to stay keep their registration", async () => {
  for (const released of [false, true]) {
    await using world = await running();
    const finalizers = released ? [PROXY_FINALIZER] : [PROXY_FINALIZER, "orphan"];
    if (released) {
      const { deployment } = world;
      const { ownerReferences: _, ...metadata } = deployment?.metadata ?? {};
      world.kinds.deployments.put({ ...deployment!, metadata });
    }
    world.delete({ finalizers });
    assert.equal(await world.visit(), "");
    await world.pass();
    assert.ok(world.deployment !== undefined);
    assert.equal(world.registered.length, 1);
    assert.deepEqual(world.told(), ["Normal RegistrationKept"]);
  }
});

Deno.test("what the Go operator registered is removed, though it is not on record", async () => {
  await using world = await World.start(
    { bootstrap: { coderURL: "x", credentialsSecretRef: { name: "admin" } } },
    { finalizers: [PROXY_FINALIZER] },
  );
  world.change({ bootstrap: { coderURL: world.coder.fake.url, credentialsSecretRef: { name: "admin" } } });
  world.secret({ namespace: "a", name: "admin" }, { token: world.coder.token });
  world.goOperator();
  world.delete();
  await world.pass();
  endPods(world);
  assert.equal(await world.visit(), "");
  assert.deepEqual(world.registered, []);
});

Deno.test("in a namespace that goes, credentials that are gone do not come back", async () => {
  await using world = await World.start({
    bootstrap: { coderURL: "x", credentialsSecretRef: { name: "admin" } },
  });
  world.change({ bootstrap: { coderURL: world.coder.fake.url, credentialsSecretRef: { name: "admin" } } });
  world.secret({ namespace: "a", name: "admin" }, { token: world.coder.token });
  await world.settle();
  world.delete();
  await world.pass();
  endPods(world);
  world.removeSecret({ namespace: "a", name: "admin" });
  assert.match(await world.visit(), /has no token at key token/);
  world.kinds.namespaces.put(make(Namespaces, "a", {
    namespace: "",
    deletionTimestamp: "2026-01-01T00:00:00Z",
  }));
  world.ms += 60_000;
  assert.equal(await world.visit(), "");
  assert.ok(world.told().includes("Warning RegistrationAbandoned"));
});

Deno.test("a control plane that goes, and whose pods are gone, is not waited for", async () => {
  await using world = await running();
  world.delete();
  await world.pass();
  endPods(world);
  world.kinds.controlPlanes.put(readyControlPlane({}, { deletionTimestamp: "2026-01-01T00:00:00Z" }));
  assert.equal(await world.visit(), "");
  assert.ok(world.told().includes("Warning RegistrationAbandoned"));
});

Deno.test("a Deployment that is gone already, or another one's by now, needs no deletion", async () => {
  for (const code of [404, 409]) {
    await using world = await running();
    world.delete();
    world.refuse = (verb) => verb === "delete" ? refused(code, "x") : undefined;
    await world.pass();
    assert.equal(world.condition("Terminating"), "True/PodsEnding");
    assert.ok(!world.told().includes("Normal Deleted"));
  }
  await using world = await running();
  world.delete();
  world.refuse = (verb) => verb === "delete" ? refused(403, "Forbidden") : undefined;
  await assert.rejects(world.pass(), /no/);
});

Deno.test("a Deployment of somebody else is none of the end's business", async () => {
  await using world = await running();
  const owner = make(Deployments, "other");
  world.kinds.deployments.put(
    make(Deployments, DEPLOYMENT.name, {
      namespace: "a",
      labels: LABELS,
      ownerReferences: controlledBy(owner),
    }),
  );
  world.delete();
  assert.equal(await world.visit(), "");
  await world.pass();
  assert.ok(isGone(world));
  assert.ok(world.deployment !== undefined);
});
