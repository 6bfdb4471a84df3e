/** The life of a provisioner on a real cluster, with a strict fake Coder. */
import assert from "node:assert/strict";
import { provisioners } from "../operator/compose.ts";
import { ProvisionerRig } from "./rig.ts";

Deno.test("a provisioner gets a key, pods that use it, and a status that says so", async () => {
  await using rig = await ProvisionerRig.start("prov-life");
  await using operator = await rig.operator(provisioners());
  await rig.provisioner("prov", { tags: { region: "eu" }, replicas: 2 });
  const settled = await rig.settled("prov", { Ready: "True", ProvisionerKeyReady: "True" });
  const pods = await rig.podsReady("prov", 2);
  const key = rig.keyInCoder(await rig.key("prov"));
  assert.ok(key, "the Secret holds a key that Coder knows");
  for (const pod of pods) assert.equal(rig.keyOfPod(pod)?.id, key.id);
  assert.equal(settled.status?.provisionerKeyID, key.id);
  assert.deepEqual(key.tags, { region: "eu" });
  assert.deepEqual(rig.keyNames(), [key.name]);
  assert.ok(!operator.lines.join("\n").includes(key.secret), "the key is in no log");
});
