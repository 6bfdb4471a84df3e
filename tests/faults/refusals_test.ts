/** 429 and 5xx, with and without `Retry-After`, on writes and on watches. */
import assert from "node:assert/strict";
import { type FaultRule, waitFor } from "../cluster/mod.ts";
import { startScene } from "./scene.ts";

interface Refusal {
  status: number;
  retryAfterSeconds?: number;
}

const REFUSALS: readonly Refusal[] = [
  { status: 429, retryAfterSeconds: 1 },
  { status: 429 },
  { status: 503, retryAfterSeconds: 1 },
  { status: 503 },
  { status: 500 },
];

/** With `Retry-After` one try a second; without, pauses that double. Both make so many tries a matter of seconds. */
async function triedWithPauses(
  rule: FaultRule,
  { retryAfterSeconds }: Refusal,
  tries: { asked: number; backedOff: number; atLeastMs: number; started: number },
): Promise<void> {
  const wanted = retryAfterSeconds === undefined ? tries.backedOff : tries.asked;
  await waitFor(() => rule.hits >= wanted, { what: `${wanted} refused requests`, intervalMs: 10 });
  const tookMs = performance.now() - tries.started;
  assert.ok(tookMs > tries.atLeastMs, `${rule.hits} tries within ${tookMs.toFixed(0)} ms`);
}

Deno.test("refused writes are repeated with pauses, hold up nothing else, and are done when they are let through", async () => {
  await using scene = await startScene("refused");
  await using _operator = await scene.operator();
  await scene.create("other");
  await scene.settled("other");
  const rules: FaultRule[] = [];
  await Promise.all(REFUSALS.map(async (refusal, i) => {
    const { status, ...wait } = refusal;
    const name = `refused-${i}`;
    const rule = scene.faults.answer(status, { resource: "deployments", verb: "patch", name }, wait);
    rules.push(rule);
    const started = performance.now();
    await scene.create(name);
    // 5 ms, doubled ten times, of which at least a half is waited.
    await triedWithPauses(rule, refusal, { asked: 3, backedOff: 11, atLeastMs: 1_000, started });
    // Where the server says when to come back the call itself does, and nothing has failed yet.
    if (refusal.retryAfterSeconds === undefined) {
      const { message } = await scene.condition(name, "Degraded", "True", "APIUnavailable");
      assert.match(message, new RegExp(`^Deployment: .*the test's fault rig answers ${status}`));
    }
    await waitFor(() => scene.cluster.find(scene.path("services", name)), { what: "the other parts" });
  }));
  await scene.change("other", { spec: { image: "ghcr.io/coder/coder:v2.31.0" } });
  await scene.settled("other");
  for (const rule of rules) rule.remove();
  await Promise.all(REFUSALS.map((_, i) => scene.settled(`refused-${i}`)));
});

Deno.test("refused watches are asked for again with pauses, and what they did not tell is not missed", async () => {
  await using scene = await startScene("unwatched");
  await using operator = await scene.operator();
  await scene.create("edited");
  await scene.settled("edited");
  const kinds = ["codercontrolplanes", "deployments", "services", "serviceaccounts", "secrets"];
  const rules: FaultRule[] = [];
  const tried = REFUSALS.map((refusal, i) => {
    const { status, ...wait } = refusal;
    const reads = { verb: ["list", "watch"], resource: kinds[i]! };
    const rule = scene.faults.answer(status, reads, wait);
    rules.push(rule);
    const started = performance.now();
    assert.equal(scene.faults.cutOpen(reads), 1);
    // 800 ms, doubled.
    return triedWithPauses(rule, refusal, { asked: 3, backedOff: 3, atLeastMs: 1_200, started });
  });
  await scene.create("unseen", { replicas: 2 });
  await scene.change("edited", { spec: { image: "ghcr.io/coder/coder:v2.31.0" } });
  await scene.cluster.request("DELETE", scene.path("services", "edited"));
  await Promise.all(tried);
  assert.equal((await operator.readyz()).status, 200, "its caches still serve what is known");
  for (const rule of rules) rule.remove();
  await scene.settled("unseen");
  await scene.settled("edited");
});
