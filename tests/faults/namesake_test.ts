/** A control plane is deleted and another of the same name made, while nobody collects garbage. */
import assert from "node:assert/strict";
import { startScene } from "./scene.ts";

Deno.test("a control plane gets children of its own though those of an earlier one of its name are still there", async () => {
  await using scene = await startScene("namesake");
  await using operator = await scene.operator();
  const first = await scene.create("again", { replicas: 0, extraEnv: [{ name: "TEST_OLD", value: "1" }] });
  await scene.settled("again");
  try {
    await scene.cluster.kill("controller-manager");
    await scene.removed("again");
    const { deployment } = await scene.children("again");
    assert.equal(deployment?.metadata.ownerReferences?.[0]?.uid, first.metadata.uid, "nobody cleans up");
    await scene.create("again", {
      replicas: 0,
      image: "ghcr.io/coder/coder:v2.31.0",
      service: { port: 8080 },
    });
    const second = await scene.settled("again");
    assert.notEqual(second.metadata.uid, first.metadata.uid);
  } finally {
    await scene.cluster.start("controller-manager");
  }
  await scene.nothingLeaked();
  assert.deepEqual(operator.failures(), []);
});
