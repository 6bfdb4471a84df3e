/** The life of a provisioner on a real cluster, with a strict fake Coder. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { provisioners } from "../operator/compose.ts";
import { operate, said, told } from "./key_witness.ts";
import { ProvisionerRig } from "./rig.ts";

Deno.test("a provisioner gets a key, pods that use it, and a status that says so", async () => {
  await using rig = await ProvisionerRig.start("prov-life");
  await using operator = await rig.operator(provisioners());
  await rig.provisioner("prov", { tags: { region: "eu" }, replicas: 2 });
  await rig.settled("prov", { Ready: "True", ProvisionerKeyReady: "True" });
  const pods = await rig.podsReady("prov", 2);
  const key = rig.keyInCoder(await rig.key("prov"));
  assert.ok(key, "the Secret holds a key that Coder knows");
  for (const pod of pods) assert.equal(rig.keyOfPod(pod)?.id, key.id);
  // Coder's answer to the making of a key does not have its identifier: it comes with the next list.
  const known = await waitFor(
    async () => (await rig.provisioners.stored("prov")).status?.provisionerKeyID,
    { what: "the key's identifier in the status" },
  );
  assert.equal(known, key.id);
  assert.deepEqual(key.tags, { region: "eu" });
  assert.deepEqual(rig.keyNames(), [key.name]);
  assert.ok(!operator.lines.join("\n").includes(key.secret), "the key is in no log");
});

/** Those of the Go operator, and those that every kind has. */
const CONDITIONS = [
  "ControlPlaneReady",
  "OperatorAccessReady",
  "ExternalProvisionersEntitled",
  "ProvisionerKeyReady",
  "ProvisionerKeySecretReady",
  "DeploymentReady",
  "Ready",
  "Available",
  "Progressing",
  "Degraded",
  "WorkspaceRBAC",
];

Deno.test("every condition is there in any trouble, and each step of the way is told by an event", async () => {
  await using rig = await ProvisionerRig.start("prov-told");
  await rig.coder.entitled("not_entitled");
  await using _ = await operate(rig);
  await rig.provisioner();
  await said(rig, "ProvisionerKeyReady", "False", "NotEntitled");
  const typesOf = async () =>
    new Set((await rig.settled("prov", {})).status?.conditions?.map(({ type }) => type));
  const early = await typesOf();
  assert.deepEqual(CONDITIONS.filter((type) => !early.has(type)), []);
  await rig.provisioners.condition("prov", "Degraded", "True");
  await rig.coder.entitled("entitled");
  await rig.podsReady();
  const { metadata, status } = await rig.settled();
  for (const condition of status?.conditions ?? []) {
    assert.equal(condition.observedGeneration, metadata.generation, condition.type);
    assert.notEqual(condition.message, "", condition.type);
  }
  const { spec } = await rig.provisioners.stored("prov");
  assert.deepEqual(spec, { controlPlaneRef: { name: "coder" }, replicas: 1 }, "nothing is added to the spec");
  assert.equal(metadata.generation, 1);
  const expected = [
    "Created",
    "Degraded",
    "ExternalProvisionersEntitled",
    "KeyCreated",
    "ProvisionerKeyReady",
    "Available",
    "Ready",
    "Recovered",
  ];
  await told(rig, expected);
});
