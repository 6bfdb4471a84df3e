import assert from "node:assert/strict";
import { CoderProvisioners } from "../../src/api/provisioner.ts";
import { standIn } from "../operator/stand_in.ts";
import type { StartControllers } from "../operator/controllers.ts";
import { goProvisioner } from "./go_operator.ts";
import { KEYS_ROUTE, ProvisionerRig } from "./rig.ts";

function lookAtKeys(rig: ProvisionerRig): StartControllers {
  return (parts) => [
    standIn(
      parts,
      CoderProvisioners,
      rig.coder,
      (coder, signal) => coder.provisioners.listKeys("default", { signal }),
    ),
  ];
}

Deno.test("a controller on the ground reads provisioners, asks Coder with the operator's token and writes statuses", async () => {
  await using rig = await ProvisionerRig.start("prov-rig");
  const calls = rig.coder.listen();
  {
    await using operator = await rig.operator(lookAtKeys(rig));
    await rig.provisioner("prov", { tags: { region: "eu" } });
    const { spec, status } = await rig.settled("prov");
    assert.deepEqual(spec, { controlPlaneRef: { name: "coder" }, replicas: 1, tags: { region: "eu" } });
    assert.equal(status?.conditions?.length, 2);
    const passes = await operator.again("prov");
    assert.equal(await operator.again("prov"), passes + 1);
    assert.deepEqual(new Set(calls()), new Set([`GET ${KEYS_ROUTE}`]));
    assert.equal(rig.coder.fake.count({ route: KEYS_ROUTE }), calls().length);
    assert.equal(rig.coder.fake.requests[0]?.tokenId, rig.coder.token.split("-")[0]);
    await rig.provisioners.change("prov", { spec: { replicas: 2 } });
    const settled = await rig.settled("prov");
    assert.equal(settled.status?.observedGeneration, 2);
    assert.ok(!operator.lines.join("\n").includes(rig.coder.token));
  }
  assert.ok((await rig.live.eventReasons("prov")).includes("StandIn"), "events are sent before the end");
  await using second = await rig.operator(lookAtKeys(rig));
  await rig.provisioner("later");
  await rig.settled("later");
  await second.crash();
  const asked = rig.coder.fake.count();
  await rig.provisioners.change("later", { spec: { replicas: 3 } });
  assert.equal((await rig.provisioners.stored("later")).metadata.generation, 2);
  assert.equal(rig.coder.fake.count(), asked, "after a crash nobody works");
  await rig.provisioners.delete("later");
  await rig.provisioners.gone("later");
  assert.equal(await rig.provisioners.get("later"), undefined);
  await assert.rejects(rig.provisioners.stored("later"), /later is gone/);
});

Deno.test("what does not come is told with the status that there was", async () => {
  await using rig = await ProvisionerRig.start("prov-rig-never");
  await rig.provisioner("prov");
  const patch = { status: { observedGeneration: 1, phase: "Pending" } };
  await rig.live.send("PATCH", rig.provisioners.path("prov", "status"), patch);
  await assert.rejects(
    rig.provisioners.settled("prov", { Ready: "True" }, 200),
    /prov: generation 1, status .*"Pending"/,
  );
  assert.equal((await rig.provisioners.condition("prov", "Ready", "Absent")).status, "Absent");
});

Deno.test("pods of provisioners play: they get ready, and those with a good key are daemons in Coder", async () => {
  await using rig = await ProvisionerRig.start("prov-pods");
  await goProvisioner(rig, { spec: { replicas: 2, tags: { region: "eu" } } });
  await goProvisioner(rig, { name: "prov-x" });
  const [pod] = await rig.podsReady("prov", 2);
  assert.ok(pod !== undefined);
  assert.equal(rig.keyOfPod(pod)?.name, "prov");
  assert.equal(rig.keyOfPod({ ...pod, annotations: { "checksum/provisioner-key": "00000000" } }), undefined);
  const { state } = rig.coder.fake;
  await rig.daemonsConnect("prov-x");
  const names = await rig.daemonsConnect("prov", { busy: ({ uid }) => uid === pod.uid });
  assert.equal(names.length, 2);
  const daemons = () =>
    state.provisionerDaemons.map(({ name, status, key_name }) => ({ name, status, key_name }));
  assert.deepEqual(daemons().find(({ name }) => name === pod.name), {
    name: pod.name,
    status: "busy",
    key_name: "prov",
  });
  assert.equal(daemons().length, 3);
  const before = await rig.live.workload("provisioner-prov");
  assert.equal(await rig.live.workload("provisioner-prov"), before);
  state.provisionerKeys.splice(0, 1);
  assert.deepEqual(await rig.daemonsConnect("prov"), [], "without its key, no daemon signs in");
  assert.deepEqual(daemons().map(({ key_name }) => key_name), ["prov-x"]);
  await rig.live.send("PATCH", "apps/v1/deployments/provisioner-prov", { spec: { replicas: 1 } });
  assert.equal((await rig.podsReady("prov", 1)).length, 1);
  assert.notEqual(await rig.live.workload("provisioner-prov"), before);
  assert.deepEqual(await rig.live.pods("nothing"), []);
});

Deno.test("a Coder on the ground gains and loses licence and token, and its control plane says so", async () => {
  await using rig = await ProvisionerRig.start("prov-home", {
    coders: [{}, { name: "second", license: null }],
  });
  const { coder, coders: [, second] } = rig;
  assert.equal((await coder.object()).status?.externalProvisionerDaemonsEntitlement, "entitled");
  for (const entitlement of ["not_entitled", "grace_period", "entitled"] as const) {
    await coder.entitled(entitlement);
    assert.equal((await coder.object()).status?.externalProvisionerDaemonsEntitlement, entitlement);
    assert.equal(coder.fake.state.licenses.length, entitlement === "not_entitled" ? 0 : 1);
  }
  assert.equal(second?.fake.state.licenses.length, 0);
  const first = coder.token;
  assert.equal(await rig.live.secretText("coder-operator-token", "token"), first);
  await coder.revokeToken({ replace: true });
  assert.notEqual(coder.token, first);
  assert.equal(await rig.live.secretText("coder-operator-token", "token"), coder.token);
  assert.equal(coder.fake.state.keys.size, 1);
  await coder.revokeToken();
  assert.equal(coder.fake.state.keys.size, 0);
  await coder.status({ operatorAccessReady: null });
  assert.equal((await coder.object()).status?.operatorAccessReady, undefined);
  await coder.change({ spec: { image: "ghcr.io/coder/coder:v2.31.0" } });
  assert.equal((await coder.object()).spec?.image, "ghcr.io/coder/coder:v2.31.0");
  await coder.remove();
  assert.equal(await rig.live.secretText("coder-operator-token", "token"), undefined);
  await assert.rejects(coder.object(), /coder is gone/);
});

Deno.test("an operator works in the namespaces of all control planes, two of which may lead to one Coder", async () => {
  await using rig = await ProvisionerRig.start("prov-far");
  const namespace = await rig.cluster.newNamespace("prov-far-coder");
  const far = await rig.addCoder({ namespace, fake: rig.coder.fake });
  assert.equal(far.key, `${namespace}/coder`);
  assert.equal(far.user, rig.coder.user);
  assert.notEqual(far.token, rig.coder.token);
  await using operator = await rig.operator(lookAtKeys(rig));
  assert.deepEqual(operator.parts.namespaces, [rig.namespace, namespace]);
  assert.deepEqual([...operator.parts.reach.endpoints], [
    [rig.coder.key, rig.coder.fake.url],
    [far.key, rig.coder.fake.url],
  ]);
});

Deno.test("ground without a Coder says so when it is asked for one", async () => {
  await using rig = await ProvisionerRig.start("prov-none", { coders: [] });
  assert.throws(() => rig.coder, /without a Coder/);
});
