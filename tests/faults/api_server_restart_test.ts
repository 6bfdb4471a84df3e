/** The API server is killed and started again while users change everything. */
import assert from "node:assert/strict";
import { seededRandom } from "../../src/telemetry/testing/random.ts";
import { carryOut, planChanges } from "./changes.ts";
import { startScene } from "./scene.ts";

const SEED = 20_240_611;

Deno.test("an API server that is killed and started again under a stream of changes costs no change", async () => {
  await using scene = await startScene("restart");
  await using operator = await scene.operator();
  const names = Array.from({ length: 8 }, (_, i) => `p${i}`);
  const { changes, left } = planChanges(seededRandom(SEED), names, 120);
  const kills = [changes.length / 3, 2 * changes.length / 3];
  let starting: Promise<void> = Promise.resolve();
  for (const [i, change] of changes.entries()) {
    if (kills.includes(i)) {
      await starting;
      await scene.cluster.kill("apiserver");
      starting = scene.cluster.start("apiserver");
    }
    await carryOut(scene, change);
  }
  await starting;
  // A garbage collector that met the outage waits for minutes with what it was at; a new one begins at once.
  await scene.cluster.restart("controller-manager");

  for (const name of left) await scene.settled(name, 90_000);
  for (const name of names.filter((name) => !left.includes(name))) await scene.gone(name);
  await scene.nothingLeaked();
  assert.ok(left.length > 0 && left.length < names.length, "the plan leaves some and deletes some");
  assert.ok(await operator.metric("coder_k8s_cache_watch_restarts_total") > 0, "watches were broken");
  const bugs = operator.failures().filter(({ msg }) => !/^reconcile failed, trying again|event/.test(msg));
  assert.deepEqual(bugs, [], "an API server that is away is no error beyond the passes it fails");
});
