/** Troubles of licence, access and control plane: what runs goes on, and follows the spec all the while. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import type { Entitlement } from "../operator/coder_home.ts";
import { KeyWitness, nothingLeft, operate, rotated, running, said, told, visited } from "./key_witness.ts";
import { ProvisionerRig } from "./rig.ts";

/** Troubles, the condition that tells of them, and their end. */
const TROUBLES: readonly {
  what: string;
  begin: (rig: ProvisionerRig) => Promise<unknown>;
  condition: [type: string, reason: string];
  end: (rig: ProvisionerRig) => Promise<unknown>;
}[] = [
  {
    what: "the licence is lost",
    begin: ({ coder }) => coder.entitled("not_entitled"),
    condition: ["ExternalProvisionersEntitled", "NotEntitled"],
    end: ({ coder }) => coder.entitled("entitled"),
  },
  {
    what: "the operator's access is lost",
    begin: ({ coder }) => coder.status({ operatorAccessReady: null }),
    condition: ["OperatorAccessReady", "OperatorAccessNotReady"],
    end: ({ coder }) => coder.status({ operatorAccessReady: true }),
  },
  {
    what: "the operator's token is gone",
    begin: ({ coder, live }) => live.send("DELETE", `v1/secrets/${coder.tokenSecretRef.name}`),
    condition: ["OperatorAccessReady", "OperatorTokenSecretUnavailable"],
    end: ({ coder, live }) => live.putSecret(coder.tokenSecretRef.name, { token: coder.token }),
  },
  {
    what: "there is no such control plane",
    begin: ({ provisioners }) =>
      provisioners.change("prov", { spec: { controlPlaneRef: { name: "mistyped" } } }),
    condition: ["ControlPlaneReady", "ControlPlaneUnavailable"],
    end: ({ provisioners }) => provisioners.change("prov", { spec: { controlPlaneRef: { name: "coder" } } }),
  },
];

Deno.test("replicas and image follow the spec while Coder's licence, access or control plane are in trouble", async () => {
  await using rig = await ProvisionerRig.start("trouble");
  await using _ = await operate(rig);
  const key = await running(rig);
  using witness = new KeyWitness(rig);
  const calls = rig.coder.listen({ route: /provisionerkeys/ });
  for (const [index, { begin, condition: [type, reason], end, what }] of TROUBLES.entries()) {
    await begin(rig);
    await said(rig, type, "False", reason);
    for (const replicas of [3, 1]) {
      const image = `example.com/coder:v${index}-${replicas}`;
      await rig.provisioners.change("prov", { spec: { replicas, image } });
      const pods = await waitFor(async () => {
        const pods = await rig.podsReady("prov", replicas);
        return pods.every(({ spec }) => spec.containers[0].image === image) && pods;
      }, { what: `${replicas} pods of ${image}, though ${what}` });
      assert.ok(pods.every((pod) => rig.keyOfPod(pod)?.id === key.id), what);
      const { status } = await waitFor(async () => {
        const object = await rig.settled("prov", { Available: "True", [type]: "False" });
        return object.status?.readyReplicas === replicas && object;
      }, { what: "the status to tell of it" });
      assert.equal(status?.phase, "Ready", what);
    }
    await end(rig);
    await rig.settled("prov", { Ready: "True", Degraded: "False", [type]: "True" });
  }
  assert.deepEqual(calls().filter((call) => !call.startsWith("GET")), []);
  witness.assert(0);
});

Deno.test("without a licence no key is made; with it, also one in its grace period, what was asked for is done", async () => {
  await using rig = await ProvisionerRig.start("trouble-licence");
  await using operator = await operate(rig);
  let key = await running(rig);
  await nothingLeft(rig);
  for (const [index, regained] of (["grace_period", "entitled"] satisfies Entitlement[]).entries()) {
    await rig.coder.entitled("not_entitled");
    await said(rig, "ExternalProvisionersEntitled", "False", "NotEntitled");
    const calls = rig.coder.listen({ route: /provisionerkeys/ });
    await rig.provisioners.change("prov", { spec: { tags: { round: `${index}` } } });
    await said(rig, "ProvisionerKeyReady", "False", "NotEntitled");
    await visited(operator);
    assert.deepEqual(calls(), []);
    assert.equal(rig.keyInCoder(await rig.key())?.id, key.id);
    await rig.settled("prov", { Available: "True", Degraded: "True" });
    await rig.coder.entitled(regained);
    key = await rotated(rig, key);
    await rig.settled("prov", { Ready: "True", Degraded: "False" });
  }
  await told(rig, [
    "ExternalProvisionersNotEntitled",
    "ExternalProvisionersEntitled",
    "Degraded",
    "Recovered",
  ]);
});

Deno.test("a build of Coder without external provisioners is said to be one, and asked no more than every two minutes", async () => {
  await using rig = await ProvisionerRig.start("trouble-agpl", { coders: [{ edition: "agpl" }] });
  await rig.coder.status({ externalProvisionerDaemonsEntitlement: "unknown" });
  await using operator = await operate(rig);
  const calls = rig.coder.listen({ route: /entitlements|provisionerkeys|licenses/ });
  await rig.provisioner();
  const message = await said(rig, "ExternalProvisionersEntitled", "False", "NotSupported");
  assert.match(message, /AGPL/);
  await said(rig, "Ready", "False", "NotEntitled");
  for (let times = 0; times < 3; times++) await visited(operator);
  assert.deepEqual(calls(), ["GET /api/v2/entitlements"]);
  assert.deepEqual(await rig.pods(), []);
});
