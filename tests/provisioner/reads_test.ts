/** Reads that fail, and caches that lag behind: neither is a reason for a new key. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { nothingLeft, operate, rotated, running, visited } from "./key_witness.ts";
import { ProvisionerRig } from "./rig.ts";

const OPERATOR = { namespace: "coder-system", name: "coder-k8s" };
const DEPLOYMENT = "provisioner-prov";

/** An API server that can be broken, and the operator's way through it. */
async function breakable(rig: ProvisionerRig) {
  const faults = await rig.cluster.newFaults();
  const kubeconfig = await rig.cluster.serviceAccountKubeconfig({ ...OPERATOR, throughFaults: faults });
  return { faults, kubeconfig };
}

const changes = (calls: readonly string[]) => calls.filter((call) => !call.startsWith("GET"));

Deno.test("a Secret that cannot be read is no Secret that is gone: nothing rotates", async () => {
  await using rig = await ProvisionerRig.start("reads");
  const { faults, kubeconfig } = await breakable(rig);
  await using _ = faults;
  const key = await (async () => {
    await using _ = await operate(rig);
    const made = await running(rig);
    await nothingLeft(rig);
    return made;
  })();
  const workload = await rig.live.workload(DEPLOYMENT);
  const { metadata: { resourceVersion } } = await rig.live.get("v1/secrets/prov-provisioner-key");
  const calls = rig.coder.listen({ route: /provisionerkeys/ });
  for (const name of ["prov-provisioner-key", "coder-operator-token"]) {
    // This one knows nothing yet, and cannot read.
    const failing = faults.answer(500, { verb: "get", resource: "secrets", namespace: rig.namespace, name });
    await using operator = await operate(rig, { kubeconfig });
    for (let times = 0; times < 3; times++) await visited(operator);
    assert.ok(failing.hits > 0, name);
    if (name === "coder-operator-token") {
      const { reason } = await rig.provisioners.condition("prov", "OperatorAccessReady", "False");
      assert.equal(reason, "OperatorTokenSecretUnavailable");
    } else await rig.provisioners.condition("prov", "Degraded", "True");
    await rig.settled("prov", { Available: "True" });
    failing.remove();
    await visited(operator);
    await rig.settled("prov", { Ready: "True", Degraded: "False", ProvisionerKeyReady: "True" });
  }
  assert.deepEqual(changes(calls()), []);
  assert.equal(rig.keyInCoder(await rig.key())?.id, key.id);
  assert.equal(
    (await rig.live.get("v1/secrets/prov-provisioner-key")).metadata.resourceVersion,
    resourceVersion,
  );
  assert.equal(await rig.live.workload(DEPLOYMENT), workload, "no pod was replaced");
});

Deno.test("a cache that does not see what was just written leads to no second key", async () => {
  await using rig = await ProvisionerRig.start("reads-late");
  const { faults, kubeconfig } = await breakable(rig);
  await using _ = faults;
  await using operator = await operate(rig, { kubeconfig });
  faults.dropEvents({ watch: true, resource: "secrets" });
  const calls = rig.coder.listen({ route: /provisionerkeys/ });
  const key = await running(rig);
  for (let times = 0; times < 5; times++) await visited(operator);
  assert.equal(changes(calls()).length, 1);
  assert.deepEqual(rig.keyNames(), [key.name]);
});

Deno.test("an operator that sees an old state does nothing to the keys of one that sees the present", async () => {
  await using rig = await ProvisionerRig.start("reads-two");
  const { faults, kubeconfig } = await breakable(rig);
  await using _ = faults;
  await using late = await operate(rig, { kubeconfig });
  const key = await running(rig);
  await nothingLeft(rig);
  await visited(late);
  faults.freeze({ watch: true, namespace: rig.namespace });
  await using present = await operate(rig);
  await rig.provisioners.change("prov", { spec: { tags: { region: "us" } } });
  const next = await rotated(rig, key);
  await nothingLeft(rig);
  const calls = rig.coder.listen({ route: /provisionerkeys/ });
  for (let times = 0; times < 5; times++) await visited(late);
  assert.deepEqual(changes(calls()), []);
  await visited(present);
  assert.deepEqual(rig.keyNames(), [next.name]);
  assert.equal(rig.keyInCoder(await rig.key())?.id, next.id);
  await waitFor(() => faults.countOpen({ watch: true }) > 0, { what: "watches to be frozen, not gone" });
});
