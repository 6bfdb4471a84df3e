/** Control planes as large as the API server and etcd let them be. */
import assert from "node:assert/strict";
import { startScene } from "./scene.ts";

/** Environment variables that fill so many bytes. */
function variables(count: number, bytesEach: number): { name: string; value: string }[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `TEST_${i}`,
    value: String(i % 10).repeat(bytesEach),
  }));
}

Deno.test("a control plane of 1 MB is reconciled like any other", async () => {
  await using scene = await startScene("large");
  await using operator = await scene.operator();
  await scene.create("small");
  await scene.create("large", { extraEnv: variables(100, 10_000) });
  await scene.settled("small");
  const { metadata } = await scene.settled("large");
  await scene.change("large", { spec: { image: "ghcr.io/coder/coder:v2.31.0" } });
  const after = await scene.settled("large");
  assert.equal(after.metadata.uid, metadata.uid);
  assert.deepEqual(operator.failures(), []);
});

Deno.test("what the API server cannot store is told in a condition, holds up nobody, and mends itself", async () => {
  await using scene = await startScene("too-large");
  await using operator = await scene.operator();
  await scene.create("small");
  // Each variable costs more in the Deployment, which records who manages which field: over etcd's 1.5 MiB.
  await scene.create("large", { extraEnv: variables(11_000, 90) });
  const { message } = await scene.condition("large", "Degraded", "True");
  assert.match(message, /^Deployment: .*too large/);
  assert.ok(message.length < 5_000, "without a copy of the object");
  await scene.change("small", { spec: { image: "ghcr.io/coder/coder:v2.31.0" } });
  await scene.settled("small");
  assert.equal((await operator.readyz()).status, 200);
  await scene.change("large", { spec: { extraEnv: variables(10, 60) } });
  await scene.settled("large");
});
