/** 410: the API server does not know the resource version any more from which a watch shall go on. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { type Scene, startScene } from "./scene.ts";
import type { LocalOperator } from "./operator.ts";

/** Changes of every kind, which no watch will ever tell. */
async function changeUnseen(scene: Scene): Promise<void> {
  await scene.change("edited", { spec: { image: "ghcr.io/coder/coder:v2.31.0" } });
  await scene.remove("deleted");
  await scene.create("created", { replicas: 0 });
  await scene.cluster.request("DELETE", scene.path("deployments", "edited"));
}

async function assertActedOn(scene: Scene, operator: LocalOperator): Promise<void> {
  await scene.settled("edited");
  await scene.settled("created");
  await scene.gone("deleted");
  assert.ok(await operator.metric("coder_k8s_cache_watch_restarts_total", { reason: "expired" }) > 0);
}

async function twoPlanes(scene: Scene): Promise<void> {
  await scene.create("edited");
  await scene.create("deleted");
  await scene.settled("edited");
  await scene.settled("deleted");
}

/** Watches that go on from a resource version, not those that begin with the whole state. */
const resumed = {
  watch: true,
  when: ({ query }: { query: URLSearchParams }) => !query.has("sendInitialEvents"),
};

for (const as of ["status", "event"] as const) {
  const how = as === "status" ? "HTTP status 410" : "an ERROR event in an answer 200";
  Deno.test(`resuming a watch that is refused with ${how} lists anew and misses nothing`, async () => {
    await using scene = await startScene(`gone-${as}`);
    await using operator = await scene.operator();
    await twoPlanes(scene);
    const drop = scene.faults.dropEvents({ watch: true });
    await changeUnseen(scene);
    const expired = scene.faults.expireWatches(as, resumed);
    drop.remove();
    const watches = scene.faults.cutOpen({ watch: true });
    assert.ok(watches >= 7, `${watches} watches were open`);
    await assertActedOn(scene, operator);
    await waitFor(() => scene.faults.countOpen({ watch: true }) === watches, {
      what: "as many watches again",
    });
    assert.ok(
      expired.hits >= watches && expired.hits <= 2 * watches,
      `${expired.hits} refusals: no loop of tries`,
    );
  });
}

Deno.test("an ERROR event 410 in the middle of a watch lists anew and misses nothing", async () => {
  await using scene = await startScene("gone-open");
  await using operator = await scene.operator();
  await twoPlanes(scene);
  scene.faults.dropEvents({ watch: true });
  await changeUnseen(scene);
  scene.faults.clear();
  const watches = scene.faults.expireOpen();
  assert.ok(watches >= 7, `${watches} watches were open`);
  await assertActedOn(scene, operator);
  await waitFor(() => scene.faults.countOpen({ watch: true }) === watches, {
    what: "as many watches again",
  });
});
