/** Provisioners that the Go operator made: taken over as they run, upgraded when somebody changes them, ended in order. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { OPERATOR_USER } from "../operator/install.ts";
import { goProvisioner } from "./go_operator.ts";
import { comesToRest, KeyWitness, nothingLeft, operate, rotated, visited } from "./key_witness.ts";
import { KEY_FINALIZER, ProvisionerRig } from "./rig.ts";

const DEPLOYMENT = "apps/v1/deployments/provisioner-prov";
/** How the Go operator may be called, by its binary. */
const MANAGERS = ["manager", "operator"];

Deno.test("a Go installation is taken over: no pod is restarted, no key rotated, and nothing stays under its name", async () => {
  for (const manager of MANAGERS) {
    await using rig = await ProvisionerRig.start("go-taken", { coders: [{ status: "goOperator" }] });
    await rig.coder.status({ externalProvisionerDaemonsEntitlement: "entitled", operatorAccessReady: true });
    const go = await goProvisioner(rig, {
      manager,
      spec: { replicas: 2, tags: { region: "eu", gpu: "yes" }, key: { name: "shared" } },
    });
    const [workload, { spec: before }] = [
      await rig.live.workload(go.deployment),
      await rig.live.get(DEPLOYMENT),
    ];
    const stored = await rig.provisioners.stored("prov");
    const calls = rig.coder.listen({ route: /provisionerkeys/ });
    await using operator = await operate(rig);
    await rig.settled("prov", {
      Ready: "True",
      ProvisionerKeyReady: "True",
      ProvisionerKeySecretReady: "True",
    });
    for (let times = 0; times < 3; times++) await visited(operator);
    await operator.again("prov");

    assert.equal(await rig.live.workload(go.deployment), workload, "pods and their template are the same");
    const { spec } = await rig.live.get(DEPLOYMENT);
    assert.equal(JSON.stringify(spec.template), JSON.stringify(before.template), "byte for byte");
    assert.deepEqual(calls().filter((call) => !call.startsWith("GET")), []);
    assert.equal(await rig.key(), go.key);
    const now = await rig.provisioners.stored("prov");
    assert.deepEqual([now.spec, now.metadata.generation, now.metadata.finalizers], [
      stored.spec,
      stored.metadata.generation,
      [KEY_FINALIZER],
    ]);
    const { provisionerKeyName, provisionerKeyID, organizationID, secretRef } = now.status ?? {};
    assert.deepEqual([provisionerKeyName, provisionerKeyID, organizationID, secretRef], [
      "shared",
      go.keyID,
      go.status.organizationID,
      go.secret,
    ]);
    const pending = await rig.provisioners.condition("prov", "UpgradePending", "True");
    assert.match(pending.message, /opt\/coder|command/);
    for (const path of go.written.keys()) {
      // What nobody has to change, nobody has to write: the key's Secret is read alone.
      if (path.startsWith("v1/secrets/")) continue;
      const writers = await rig.live.writers(path);
      assert.ok(!writers.some((each) => each.startsWith(`${manager} `)), `${path}: ${writers.join(", ")}`);
    }
    await comesToRest(rig, operator);
    const mark = await rig.cluster.audit.mark();
    await visited(operator);
    await operator.again("prov");
    const writes = (await rig.cluster.audit.since(mark)).writes(OPERATOR_USER)
      .filter(({ namespace }) => namespace === rig.namespace);
    assert.deepEqual(writes.map(({ verb, uri }) => `${verb} ${uri}`), [], "and then there is rest");
  }
});

Deno.test("the next change of the spec replaces its pods once, with the program that images have", async () => {
  await using rig = await ProvisionerRig.start("go-changed");
  await goProvisioner(rig);
  const [old] = await rig.podsReady();
  assert.equal(old?.spec.containers[0].command[0], "coder");
  await using operator = await operate(rig);
  await rig.provisioners.condition("prov", "UpgradePending", "True");
  await rig.provisioners.change("prov", { spec: { extraArgs: ["--verbose"] } });
  const pod = await waitFor(async () => {
    const [pod] = await rig.podsReady();
    return pod?.uid !== old?.uid && pod;
  }, { what: "a new pod" });
  const [{ args, command }] = pod.spec.containers;
  assert.deepEqual([command, args], [["/opt/coder"], ["provisioner", "start", "--verbose"]]);
  await rig.settled("prov", { Ready: "True", UpgradePending: "Absent" });
  await visited(operator);
  await operator.again("prov");
  const { items } = await rig.live.get("apps/v1/replicasets");
  assert.equal(items.length, 2, "they were replaced once");
  assert.equal((await rig.podsReady())[0]?.uid, pod.uid);
  // One that never was the Go operator's.
  await rig.provisioner("fresh");
  const [fresh] = await rig.podsReady("fresh");
  assert.equal(fresh?.spec.containers[0].command[0], "/opt/coder");
});

Deno.test("its key rotates like any other, under a name that fits beside the old one, and ends with the provisioner", async () => {
  await using rig = await ProvisionerRig.start("go-rotated");
  const go = await goProvisioner(rig, { spec: { terminationGracePeriodSeconds: 1 } });
  await using _ = await operate(rig);
  await rig.settled("prov", { Ready: "True" });
  using witness = new KeyWitness(rig);
  await rig.provisioners.change("prov", { spec: { tags: { region: "eu" } } });
  const key = await rotated(rig, rig.keyInCoder(go.key)!);
  await nothingLeft(rig);
  witness.assert(1);
  assert.match(key.name, /^prov-[a-z0-9]{6}-[a-z0-9]{5}$/);
  await rig.provisioners.delete("prov");
  await rig.provisioners.gone("prov");
  witness.assert(2);
  assert.deepEqual(rig.keyNames(), []);
});

Deno.test("a key that the Go operator lost, or never knew enough of, is found out", async () => {
  await using rig = await ProvisionerRig.start("go-lost");
  const go = await goProvisioner(rig, { inCoder: false });
  // Its statuses of old: nothing of the tags, the organization, the control plane.
  const older = await goProvisioner(rig, {
    name: "older",
    status: (status) => {
      delete status.tagsHash;
      delete status.controlPlaneURL;
      delete status.controlPlaneRefName;
      delete status.organizationName;
      delete status.organizationID;
    },
  });
  await using _ = await operate(rig);
  const key = await waitFor(async () => rig.keyInCoder(await rig.key()), { what: "a key that Coder knows" });
  await waitFor(async () => (await rig.podsReady()).every((pod) => rig.keyOfPod(pod)?.id === key.id), {
    what: "pods with it",
  });
  await rig.settled("prov", { Ready: "True", ProvisionerKeyReady: "True" });
  assert.notEqual(key.secret, go.key);
  await rig.settled("older", {
    Ready: "True",
    ProvisionerKeyReady: "True",
    ProvisionerKeySecretReady: "True",
  });
  assert.equal(await rig.key("older"), older.key, "what is missing in the status is no reason for a new key");
  assert.deepEqual(rig.keyNames().sort(), ["older", key.name].sort());
});
