import assert from "node:assert/strict";
import { htmlPage } from "../../../tests/fake-coder/mod.ts";
import { secretOf } from "../../operator/visit/control_plane_testing.ts";
import { changed } from "../../reconciler/testing/fakes.ts";
import { GIVE_UP_ANNOTATION } from "../ending.ts";
import { VisitWorld } from "../../../tests/provisioner/visit_world.ts";

const KEY = "/api/v2/organizations/{organization}/provisionerkeys/{name}";

/** With a key, and then deleted; its Deployment is gone already unless a test keeps it. */
async function leaving(
  { pods = false, annotations = {} }: { pods?: boolean; annotations?: Record<string, string> } = {},
): Promise<VisitWorld> {
  const world = await VisitWorld.start();
  await world.settle();
  if (!pods) { for (const deployment of world.deployments.list()) world.remove(deployment); }
  const deletionTimestamp = world.now.toISOString().replace(/\.\d+Z$/, "Z");
  // The pass has begun with the end.
  const begun = {
    type: "Terminating",
    status: "True" as const,
    reason: "PodsEnding",
    message: "",
    lastTransitionTime: deletionTimestamp,
  };
  const { status = {} } = world.object;
  const conditions = [...status.conditions ?? [], begun];
  world.put(changed(world.object, { deletionTimestamp, annotations }, { status: { ...status, conditions } }));
  return world;
}

Deno.test("a provisioner that goes takes its key along", async () => {
  await using world = await leaving();
  await world.end();
  assert.deepEqual(world.keys(), []);
  assert.ok(world.events.some((event) => event.startsWith("Normal KeyDeleted")));
  assert.equal(world.coder.count({ method: "DELETE", route: KEY }), 1);
});

Deno.test("pods finish their builds with the key first", async () => {
  await using world = await leaving({ pods: true });
  await assert.rejects(world.end(), /its pods finish their builds first/);
  assert.equal(world.keys().length, 1);
  const [deployment] = world.deployments.list();
  assert.ok(deployment);
  world.deployments.remove(deployment);
  await assert.rejects(
    world.end(),
    /its pods finish their builds first/,
    "also where only the API server knows them",
  );
  world.remove(deployment);
  await world.end();
  assert.deepEqual(world.keys(), []);
});

Deno.test("pods that never end hold nobody up for ever, and neither do those of somebody else", async () => {
  await using world = await leaving({ pods: true });
  world.shiftMs += 700_000;
  await world.end();
  assert.deepEqual(world.keys(), []);
  await using other = await leaving();
  other.put({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "provisioner-prov", namespace: "a", uid: "theirs" },
  });
  await other.end();
  assert.deepEqual(other.keys(), []);
});

Deno.test("a Coder that is away gets ten minutes from when keys could be deleted", async () => {
  await using world = await leaving();
  world.coder.faults.add({ method: "DELETE", route: KEY, times: Infinity, action: htmlPage(503, "Away") });
  await assert.rejects(world.end(), /still to be deleted in Coder/);
  assert.ok((world.lookAgainMs ?? 0) > 0);
  await assert.rejects(world.end(), /still to be deleted in Coder/);
  assert.equal(world.coder.count({ method: "DELETE" }), 1, "a refusal is remembered");
  world.shiftMs += 300_000;
  await assert.rejects(world.end(), /Given up at 2/);
  world.shiftMs += 301_000;
  await world.end();
  assert.equal(world.keys().length, 1);
  assert.ok(world.events.some((event) => event.startsWith("Warning KeyAbandoned")));
});

Deno.test("who gives up waits neither for Coder nor for builds", async () => {
  await using world = await leaving({ pods: true, annotations: { [GIVE_UP_ANNOTATION]: "true" } });
  world.coder.faults.add({ method: "DELETE", route: KEY, times: Infinity, action: htmlPage(503, "Away") });
  await world.end();
  assert.ok(world.events.some((event) => event.startsWith("Warning KeyAbandoned")));
});

Deno.test("a control plane that is gone takes its keys along", async () => {
  await using world = await leaving();
  const { controlPlane } = world.home;
  world.controlPlanes.remove(controlPlane);
  world.remove(secretOf({ namespace: "a", name: "coder-operator-token" }, {}));
  await assert.rejects(world.end(), /not known to the operator yet/, "not by the cache alone");
  world.put(controlPlane);
  world.remove(controlPlane);
  await world.end();
  assert.ok(world.events.some((event) => /KeyAbandoned.*credentials are gone/.test(event)));
});

Deno.test("a key is deleted where it was made, with what made it, whatever the spec names by now", async () => {
  await using world = await VisitWorld.start();
  await world.settle();
  world.deployments.objects.clear();
  for (const deployment of world.deployments.list()) world.remove(deployment);
  world.spec({ controlPlaneRef: { name: "elsewhere" } });
  const { controlPlane } = world.home;
  world.put(changed(controlPlane, { deletionTimestamp: "2026-01-01T00:00:00Z" }, { status: {} }));
  world.put(changed(world.object, {
    deletionTimestamp: world.now.toISOString(),
    annotations: { [GIVE_UP_ANNOTATION]: "true" },
  }));
  await world.end();
  assert.deepEqual(world.keys(), []);
});

Deno.test("keys that are on no record are found in the list", async () => {
  await using world = await leaving();
  world.put(changed(world.object, {}, { status: {} }));
  await world.end();
  assert.deepEqual(world.keys(), []);
});

Deno.test("with a key of the user there is nothing to delete", async () => {
  await using world = await VisitWorld.start({ spec: { key: { existingSecret: "mine" } } });
  world.put(changed(world.object, { deletionTimestamp: world.now.toISOString() }));
  await world.end();
  assert.equal(world.coder.count(), 0);
});

Deno.test("where Coder cannot be asked for a list, what is on record is enough", async () => {
  await using world = await VisitWorld.start({ spec: { organizationName: "nowhere" } });
  world.put(changed(world.object, { deletionTimestamp: world.now.toISOString() }));
  await world.end();
  const { controlPlane } = world.home;
  world.put(changed(controlPlane, {}, { status: {} }));
  await world.end();
  assert.equal(world.coder.count({ method: "DELETE" }), 0);
});
