/** Watches whose connection stays open while nothing comes any more. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { startScene } from "./scene.ts";

const STALL_MS = 4_000;

Deno.test("watches that go silent are noticed and replaced, and what happened meanwhile is acted on", async () => {
  await using scene = await startScene("silent");
  await using operator = await scene.operator({ watches: { times: { stallMs: STALL_MS } } });
  await scene.create("edited");
  await scene.create("deleted");
  await scene.settled("edited");
  await scene.settled("deleted");

  const frozenAt = performance.now();
  const old = { watch: true, when: ({ at }: { at: number }) => at < frozenAt };
  const frozen = scene.faults.freeze(old);
  const silent = scene.faults.countOpen(old);
  assert.ok(silent >= 7, `${silent} watches were open`);
  await scene.change("edited", { spec: { image: "ghcr.io/coder/coder:v2.31.0", replicas: 2 } });
  await scene.remove("deleted");
  await scene.create("created", { service: { port: 8443 } });
  await scene.cluster.request("DELETE", scene.path("services", "edited"));

  await scene.settled("edited");
  await scene.settled("created");
  await scene.gone("deleted");
  const tookMs = performance.now() - frozenAt;
  assert.ok(frozen.hits > 0, "events were held back");
  assert.ok(
    tookMs > STALL_MS / 2,
    `the old watches cannot have told it, ${tookMs} ms after they were frozen`,
  );
  assert.ok(await operator.metric("coder_k8s_cache_watch_restarts_total", { reason: "stalled" }) > 0);
  await waitFor(() => scene.faults.countOpen(old) === 0, { what: "the silent watches to be given up" });
});

Deno.test("a server that takes watches and never answers them is left after a deadline, and asked again", async () => {
  await using scene = await startScene("mute");
  await using operator = await scene.operator({
    watches: { times: { openMs: 2_500 }, retry: { backoff: { initialMs: 200, maxMs: 1_000 } } },
  });
  const watches = { watch: true, resource: "codercontrolplanes" };
  await waitFor(() => scene.faults.countOpen(watches) === 1, { what: "the watch that is cut" });
  const mute = scene.faults.freeze(watches);
  assert.equal(scene.faults.cutOpen(watches), 1);
  await scene.create("patient", { replicas: 2 });
  await waitFor(() => mute.hits >= 3, { what: "three tries to watch" });
  assert.equal(await scene.cluster.find(scene.path("deployments", "patient")), undefined);
  assert.equal((await operator.readyz()).status, 200, "its caches still serve what is known");
  mute.remove();
  await scene.settled("patient");
});
