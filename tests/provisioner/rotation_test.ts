/** Rotations on a real cluster: the next key is there, and used by every pod, before the one before it goes. */
import assert from "node:assert/strict";
import type { FakeProvisionerKey } from "../fake-coder/state.ts";
import { addOrganization } from "../fake-coder/mod.ts";
import { waitFor } from "../cluster/mod.ts";
import { aged, KeyWitness, nothingLeft, operate, rotated, running, said, visited } from "./key_witness.ts";
import { KEYS_ROUTE, ProvisionerRig } from "./rig.ts";

const DEPLOYMENT = "apps/v1/deployments/provisioner-prov";

/** Reasons for a new key, and what it must be like. */
const REASONS: readonly {
  why: string;
  change: (rig: ProvisionerRig) => Promise<unknown>;
  expected?: (rig: ProvisionerRig) => Partial<FakeProvisionerKey>;
}[] = [
  {
    why: "tags",
    change: (rig) => rig.provisioners.change("prov", { spec: { tags: { region: "us" } } }),
    expected: () => ({ tags: { region: "us" } }),
  },
  {
    why: "organization",
    change: (rig) => rig.provisioners.change("prov", { spec: { organizationName: "second" } }),
    expected: (rig) => ({ organization: rig.coder.fake.state.organization("second")!.id }),
  },
  {
    why: "name of the key",
    change: (rig) => rig.provisioners.change("prov", { spec: { key: { name: "shared" } } }),
  },
  {
    why: "annotation",
    change: (rig) =>
      rig.provisioners.change("prov", { metadata: { annotations: { "coder.com/rotate-key": "1" } } }),
  },
  {
    why: "another value of the annotation",
    change: (rig) =>
      rig.provisioners.change("prov", { metadata: { annotations: { "coder.com/rotate-key": "2" } } }),
  },
  {
    why: "schedule",
    change: async (rig) => {
      await rig.provisioners.change("prov", { spec: { key: { rotateAfter: "1h" } } });
      await aged(rig);
    },
  },
];

Deno.test("whatever a key is replaced for, pods have a good one all the time, and one is left", async () => {
  await using rig = await ProvisionerRig.start("rotate");
  addOrganization(rig.coder.fake.state, "second");
  await using operator = await operate(rig);
  let key = await running(rig, { replicas: 2 });
  using witness = new KeyWitness(rig);
  const listen = rig.coder.listen({ method: "POST", route: /provisionerkeys/ });
  for (const [index, { change, expected, why }] of REASONS.entries()) {
    await change(rig);
    const next = await rotated(rig, key, { replicas: 2 });
    assert.notEqual(next.name, key.name, why);
    const { name: _, ...facts } = expected?.(rig) ?? {};
    for (const [field, value] of Object.entries(facts)) {
      assert.deepEqual(next[field as keyof FakeProvisionerKey], value, why);
    }
    await rig.settled("prov", {
      Ready: "True",
      ProvisionerKeyReady: "True",
      ProvisionerKeySecretReady: "True",
    });
    witness.assert(index + 1);
    assert.equal(listen().length, index + 1, `${why}: one new key, and no more`);
    key = next;
  }
  assert.match(key.name, /^shared-/);
  const { status } = await rig.provisioners.stored("prov");
  assert.equal(status?.provisionerKeyName, key.name);
  await nothingLeft(rig);
  // The same request again is none.
  await rig.provisioners.change("prov", { metadata: { annotations: { seen: "yes" } } });
  await visited(operator);
  assert.equal(listen().length, REASONS.length);
});

Deno.test("another address of Coder goes to the pods, and rotates nothing", async () => {
  await using rig = await ProvisionerRig.start("rotate-url");
  await using operator = await operate(rig);
  const key = await running(rig);
  const calls = rig.coder.listen({ route: /provisionerkeys/ });
  await rig.coder.change({ spec: { service: { port: 8080 } } });
  const url = `http://coder.${rig.namespace}.svc.cluster.local:8080`;
  await waitFor(async () => {
    const [pod] = await rig.podsReady();
    return pod?.spec.containers[0].env.find(({ name }: { name: string }) => name === "CODER_URL").value ===
      url;
  }, { what: "pods with the new address" });
  const { status } = await rig.settled();
  await waitFor(async () => (await rig.provisioners.stored("prov")).status?.controlPlaneURL === url, {
    what: "the status to have the new address",
  });
  await visited(operator);
  assert.equal(rig.keyInCoder(await rig.key())?.id, key.id);
  assert.equal(status?.provisionerKeyName, key.name);
  assert.deepEqual(calls().filter((call) => !call.startsWith("GET")), []);
  assert.deepEqual(rig.keyNames(), [key.name]);
});

Deno.test("a key that cannot be made takes nothing away, and the spec may go back", async () => {
  await using rig = await ProvisionerRig.start("rotate-back");
  let laterMs = 0;
  await using operator = await operate(rig, { now: () => new Date(Date.now() + laterMs) });
  const key = await running(rig, { tags: { region: "eu" } });
  const workload = await rig.live.workload("provisioner-prov");
  using witness = new KeyWitness(rig);
  const refusal = { status: 500, json: { message: "no" } };
  const heal = rig.coder.fake.faults.add({
    method: "POST",
    route: KEYS_ROUTE,
    times: Infinity,
    action: { do: "answer", reply: refusal },
  });
  await rig.provisioners.change("prov", { spec: { tags: { region: "us" } } });
  await said(rig, "ProvisionerKeyReady", "False", "ProvisionerKeyFailed");
  await rig.settled("prov", { ProvisionerKeySecretReady: "True", Available: "True" });
  await rig.provisioners.change("prov", { spec: { tags: { region: "eu" } } });
  const settled = await rig.settled("prov", {
    Ready: "True",
    Degraded: "False",
    ProvisionerKeyReady: "True",
  });
  assert.equal(rig.keyInCoder(await rig.key())?.id, key.id, "the same key, and it works");
  assert.equal(settled.status?.provisionerKeyName, key.name);
  assert.equal(await rig.live.workload("provisioner-prov"), workload, "no pod was replaced");
  heal();
  // A request that was refused may have arrived all the same: once it cannot be on its way any more its key is looked
  // for, and nothing else is deleted.
  laterMs = 31_000;
  await waitFor(async () => {
    await visited(operator);
    return (await rig.provisioners.stored("prov")).status?.keyIntents === undefined;
  }, { what: "the refused key to be looked for" });
  witness.assert();
  assert.ok(!witness.deletions.includes(key.name));
  assert.deepEqual(rig.keyNames(), [key.name]);
});

Deno.test("a pod that still ends with the key keeps it alive, however ready the others are", async () => {
  await using rig = await ProvisionerRig.start("rotate-slow");
  await using _ = await operate(rig);
  const key = await running(rig);
  using witness = new KeyWitness(rig);
  const [pod] = await rig.pods();
  // A build that takes its time.
  const path = `v1/pods/${pod?.name}`;
  await rig.live.send("PATCH", path, { metadata: { finalizers: ["example.com/builds"] } });
  await rig.provisioners.change("prov", { spec: { tags: { region: "us" } } });
  await waitFor(async () => {
    const pods = await rig.pods();
    return pods.some(({ deleting }) => deleting) && pods.filter(({ ready }) => ready).length === 1
      ? pods
      : undefined;
  }, { what: "the new pod to be ready while the old one ends" });
  await waitFor(async () => {
    const { message } = await rig.provisioners.condition("prov", "ProvisionerKeyReady", "True");
    return message.includes(`to be deleted once nothing uses it: ${key.name}`);
  }, { what: "the condition to name the old key" });
  assert.equal(rig.keyNames().length, 2);
  witness.assert(0);
  await rig.live.send("PATCH", path, { metadata: { finalizers: null } });
  await rotated(rig, key);
  witness.assert(1);
  assert.equal((await rig.live.get(DEPLOYMENT)).spec.replicas, 1);
});
