/** A key that the user brings: used as it is, never made, never written, never rotated. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { OPERATOR_USER } from "../operator/install.ts";
import { KeyWitness, nothingLeft, operate, running, said, visited } from "./key_witness.ts";
import { CHECKSUM, ProvisionerRig } from "./rig.ts";

const SECRET = "v1/secrets/mine";

Deno.test("a Secret of the user's is used and followed, and the operator writes neither it nor a key", async () => {
  await using rig = await ProvisionerRig.start("brought");
  const mark = await rig.cluster.audit.mark();
  const calls = rig.coder.listen({ route: /provisionerkeys/ });
  await using operator = await operate(rig);
  await rig.provisioner("prov", {
    key: { existingSecret: "mine", secretKey: "daemon" },
    terminationGracePeriodSeconds: 1,
  });
  const missing = await said(rig, "ProvisionerKeySecretReady", "False", "SecretMissing");
  assert.match(missing, /existingSecret does not exist or has nothing at spec.key.secretKey/);
  assert.deepEqual(await rig.pods(), []);
  await rig.live.putSecret("mine", { daemon: "brought-key", other: "x" });
  const [pod] = await rig.podsReady();
  const { name, valueFrom } = pod?.spec.containers[0].env.find(({ valueFrom }: { valueFrom?: unknown }) =>
    valueFrom
  );
  assert.deepEqual([name, valueFrom.secretKeyRef], [
    "CODER_PROVISIONER_DAEMON_KEY",
    { name: "mine", key: "daemon" },
  ]);
  await said(rig, "ProvisionerKeyReady", "True", "ExistingSecret");
  const { status } = await rig.settled();
  assert.deepEqual(status?.secretRef, { name: "mine", key: "daemon" });

  // Whatever would rotate a key of the operator's.
  await rig.provisioners.change("prov", {
    metadata: { annotations: { "coder.com/rotate-key": "1" } },
    spec: { tags: { region: "eu" } },
  });
  await visited(operator);
  await rig.settled();
  assert.equal((await rig.podsReady())[0]?.uid, pod?.uid);

  await rig.live.putSecret("mine", { daemon: "another-key" });
  await waitFor(async () => {
    const [next] = await rig.podsReady();
    return next !== undefined && next.uid !== pod?.uid &&
      next.annotations[CHECKSUM] !== pod?.annotations[CHECKSUM];
  }, { what: "pods with the changed key" });

  const { data, metadata } = await rig.live.get(SECRET);
  assert.deepEqual(Object.keys(data).sort(), ["daemon", "other"]);
  assert.equal(metadata.annotations, undefined);
  assert.equal(metadata.ownerReferences, undefined);
  await rig.provisioners.delete("prov");
  await rig.provisioners.gone("prov");
  assert.equal((await rig.live.get(SECRET)).metadata.resourceVersion, metadata.resourceVersion);
  assert.deepEqual(calls(), []);
  const writes = (await rig.cluster.audit.since(mark)).writes(OPERATOR_USER)
    .filter(({ namespace, resource }) => namespace === rig.namespace && resource === "secrets");
  assert.deepEqual(writes, []);
});

Deno.test("from an own key to a brought one and back: what nobody uses goes, and pods have one all the time", async () => {
  await using rig = await ProvisionerRig.start("brought-later");
  await using _ = await operate(rig);
  const key = await running(rig);
  await nothingLeft(rig);
  // Made by somebody in Coder.
  const brought = { ...key, id: crypto.randomUUID(), name: "by-hand", secret: "by-hand" };
  rig.coder.fake.state.provisionerKeys.push(brought);
  await rig.live.putSecret("mine", { key: brought.secret });
  using witness = new KeyWitness(rig);
  await rig.provisioners.change("prov", { spec: { key: { existingSecret: "mine" } } });
  await waitFor(() => rig.keyNames().join() === "by-hand", { what: "the operator's own key to go" });
  witness.assert(1);
  await nothingLeft(rig);
  await waitFor(async () => await rig.live.get("v1/secrets/prov-provisioner-key") === undefined, {
    what: "its Secret to go",
  });
  assert.deepEqual((await rig.podsReady()).map((pod) => rig.keyOfPod(pod)?.name), ["by-hand"]);
  await rig.provisioners.change("prov", { spec: { key: { existingSecret: null } } });
  await waitFor(async () => {
    const [pod] = await rig.podsReady();
    const name = pod && rig.keyOfPod(pod)?.name;
    return name !== undefined && name !== "by-hand";
  }, { what: "pods with a key of the operator's" });
  await rig.settled("prov", { Ready: "True", ProvisionerKeyReady: "True" });
  assert.equal(rig.keyNames().length, 2);
  witness.assert(1);
  assert.equal(await rig.live.secretText("mine", "key"), brought.secret);
});
