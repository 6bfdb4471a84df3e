/** The example of external provisioners does what the how-to says, where a licence allows it. */
import assert from "node:assert/strict";
import type { CoderProvisioner } from "../../src/api/provisioner.ts";
import { addJob } from "../fake-coder/mod.ts";
import { operate, said } from "../provisioner/key_witness.ts";
import { ProvisionerRig } from "../provisioner/rig.ts";
import { objectsOf } from "./examples.ts";

Deno.test("external provisioners of the example get a key and follow the builds that wait", async () => {
  const [{ metadata, spec }] = objectsOf("examples/external-provisioners/provisioner.yaml") as [
    CoderProvisioner,
  ];
  assert.ok(spec?.autoscale?.maxReplicas === 10 && metadata.name === "eu");
  await using rig = await ProvisionerRig.start("example");
  await using _operator = await operate(rig);
  await rig.provisioner("eu", spec);
  await rig.podsReady("eu", 1);
  await rig.settled("eu", { Ready: "True", ExternalProvisionersEntitled: "True" });
  assert.deepEqual(rig.keyInCoder(await rig.key("eu"))?.tags, { region: "eu" });
  await said(rig, "Autoscaling", "True", "FollowsJobs", "eu");

  const { state } = rig.coder.fake;
  for (let job = 0; job < 3; job++) addJob(state, { tags: { region: "eu" } });
  for (let job = 0; job < 4; job++) addJob(state, { tags: { region: "us" } });
  await rig.podsReady("eu", 3);
});
