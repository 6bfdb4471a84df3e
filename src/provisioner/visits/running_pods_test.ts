import assert from "node:assert/strict";
import type { Deployment } from "../../api/kubernetes/types.ts";
import { refusal } from "../../operator/visit/control_plane_testing.ts";
import { changed } from "../../reconciler/testing/fakes.ts";
import { rolledWith } from "./running_pods.ts";
import { VisitWorld } from "../../../tests/provisioner/visit_world.ts";

/** A Deployment of two pods with the key `c`, both ready. */
async function rolled(): Promise<VisitWorld> {
  const world = await VisitWorld.start();
  world.deployment("c", { replicas: 2 });
  world.pod("p-1", "c");
  world.pod("p-2", "c");
  return world;
}

const asked = async (world: VisitWorld, surely = false) =>
  await rolledWith(await world.visit(), world.tools, surely);

Deno.test("the key is known where as many pods as wanted are ready with it, and no other pod is left", async () => {
  await using world = await rolled();
  assert.equal(await asked(world), "c");
  assert.equal(await asked(world, true), "c");
  const other = world.pod("p-3", "d");
  assert.equal(await asked(world), undefined, "another key");
  world.pod("p-3", "c", { deletionTimestamp: "2026-01-01T00:00:00Z" });
  assert.equal(await asked(world), undefined, "one that ends");
  world.pod("p-3", "c", {}, false);
  assert.equal(await asked(world), undefined, "one that is not ready");
  world.put(changed(other, {}, { status: { phase: "Failed" } }));
  assert.equal(await asked(world), "c", "one that has ended runs with nothing");
  world.remove(other);
  world.remove(world.pod("p-2", "c"));
  assert.equal(await asked(world), undefined, "too few");
});

Deno.test("while the rollout goes on, nobody knows", async () => {
  await using world = await rolled();
  world.deployment("c", { replicas: 2, status: { observedGeneration: 0 } });
  assert.equal(await asked(world), undefined);
  world.deployment("c", { replicas: 2, status: { updatedReplicas: 1 } });
  assert.equal(await asked(world), undefined);
});

Deno.test("where no pods are wanted and none are left, the template counts", async () => {
  await using world = await rolled();
  world.deployment("c", { replicas: 0 });
  for (const pod of world.pods.list()) world.remove(pod);
  assert.equal(await asked(world), "c");
});

Deno.test("what the cache says is looked up before it counts for a deletion", async () => {
  await using world = await rolled();
  const [cached] = world.deployments.list() as Deployment[];
  assert.ok(cached);
  world.pod("p-9", "d");
  world.pods.remove(world.pods.get({ namespace: "a", name: "p-9" })!);
  assert.equal(await asked(world), "c");
  assert.equal(await asked(world, true), undefined, "a pod that only the API server knows");
  world.put(changed(cached, { ownerReferences: [] }), { cached: false });
  assert.equal(await asked(world, true), undefined, "somebody else's Deployment");
  world.remove(cached, { cached: false });
  assert.equal(await asked(world, true), undefined);
  world.onCall = (what) => {
    if (what.startsWith("get deployments")) throw refusal(403, "Forbidden", "not yours");
  };
  await assert.rejects(asked(world, true), /not yours/);
});
