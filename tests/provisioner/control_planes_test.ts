/** Which Coder a provisioner works for: how it is reached, what happens when that changes, and who may name it. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import type { CoderHome } from "../operator/coder_home.ts";
import type { LivePod } from "../operator/live_objects.ts";
import { KeyWitness, nothingLeft, operate, rotated, running, said, visited } from "./key_witness.ts";
import { KEY_ROUTE, ProvisionerRig } from "./rig.ts";

const idOf = (token: string) => token.split("-")[0];

/** Ids of the tokens that keys were deleted with. */
function deletedWith({ fake }: CoderHome): (string | undefined)[] {
  return fake.requests.filter(({ method, route }) => method === "DELETE" && route === KEY_ROUTE)
    .map(({ tokenId }) => tokenId);
}

function urlOf(pod: LivePod | undefined): string | undefined {
  return pod?.spec.containers[0].env.find(({ name }: { name: string }) => name === "CODER_URL")?.value;
}

Deno.test("pods and key calls go inside the cluster by plain HTTP, whatever certificates Coder shows to its users", async () => {
  await using rig = await ProvisionerRig.start("planes-tls", {
    coders: [{ spec: { tls: { secretNames: ["cert"] } } }],
  });
  const service = `coder.${rig.namespace}.svc.cluster.local`;
  await rig.coder.status({ url: `https://${service}:443` });
  await using _ = await operate(rig);
  await running(rig);
  assert.equal(urlOf((await rig.pods())[0]), `http://${service}:80`);
  const { status } = await rig.provisioners.stored("prov");
  assert.equal(status?.controlPlaneURL, `http://${service}:80`);
});

Deno.test("a base path in Coder's address is in front of every call", async () => {
  await using rig = await ProvisionerRig.start("planes-base", { coders: [{ basePath: "/coder" }] });
  assert.match(rig.coder.fake.url, /\/coder$/);
  await using _ = await operate(rig);
  const key = await running(rig);
  await rig.provisioners.change("prov", { spec: { tags: { region: "us" } } });
  await rotated(rig, key);
  rig.coder.fake.assertClean();
});

Deno.test("at another control plane there is a new key, and the old one is deleted with what made it", async () => {
  await using rig = await ProvisionerRig.start("planes-move", { coders: [{}, { name: "second" }] });
  const [first, second] = rig.coders as [CoderHome, CoderHome];
  await using _ = await operate(rig);
  const key = await running(rig, { replicas: 2 });
  using witness = new KeyWitness(rig, [first, second]);
  await rig.provisioners.change("prov", { spec: { controlPlaneRef: { name: "second" } } });
  await rotated(rig, key, { home: second, replicas: 2 });
  await nothingLeft(rig);
  witness.assert(1);
  assert.deepEqual(rig.keyNames(first), []);
  assert.deepEqual(deletedWith(first), [idOf(first.token)]);
  assert.deepEqual(deletedWith(second), []);
  const { status } = await rig.settled();
  assert.equal(status?.controlPlaneRefName, "second");
  assert.equal(urlOf((await rig.pods())[0]), second.url);
});

Deno.test("keys that were left at a Coder that was away go at the end, each with its own credentials", async () => {
  await using rig = await ProvisionerRig.start("planes-end", { coders: [{}, { name: "second" }] });
  const [first, second] = rig.coders as [CoderHome, CoderHome];
  let laterMs = 0;
  await using operator = await operate(rig, { now: () => new Date(Date.now() + laterMs) });
  const key = await running(rig, { terminationGracePeriodSeconds: 1 });
  await first.fake.stop();
  await rig.provisioners.change("prov", { spec: { controlPlaneRef: { name: "second" } } });
  await rotated(rig, key, { home: second });
  await rig.settled("prov", { Ready: "True" });
  assert.deepEqual(rig.keyNames(first), [key.name], "it is still to be deleted");
  // The credentials are replaced meanwhile.
  await first.revokeToken({ replace: true });
  await rig.provisioners.delete("prov");
  const why = await said(rig, "Terminating", "True", "DeletingKeys");
  assert.match(why, /kubectl annotate coderprovisioner prov .*coder.com\/give-up-keys=true/);
  await waitFor(() => rig.keyNames(second).length === 0, { what: "the present key to be deleted" });
  assert.ok(await rig.provisioners.get("prov"), "it is held for the other one");
  await first.fake.start();
  laterMs = 60_000;
  operator.visit("prov");
  await rig.provisioners.gone("prov");
  assert.deepEqual([rig.keyNames(first), rig.keyNames(second)], [[], []]);
  assert.deepEqual(deletedWith(first).at(-1), idOf(first.token));
  assert.deepEqual(deletedWith(second), [idOf(second.token)]);
});

Deno.test("a control plane elsewhere is used with its consent alone, and what was made there goes without it, too", async () => {
  await using rig = await ProvisionerRig.start("planes-far", { coders: [] });
  const far = await rig.cluster.newNamespace("planes-home");
  const home = await rig.addCoder({ namespace: far });
  await using operator = await operate(rig);
  const calls = home.listen();
  await rig.provisioner("prov", {
    controlPlaneRef: { name: "coder", namespace: far },
    terminationGracePeriodSeconds: 1,
  });
  const refusal = await said(rig, "ControlPlaneReady", "False", "ControlPlaneUnavailable");
  assert.match(refusal, /coder.com\/used-from/);
  // Whether it exists is nobody's business.
  await rig.provisioner("other", { controlPlaneRef: { name: "nothing", namespace: far } });
  const same = await said(rig, "ControlPlaneReady", "False", "ControlPlaneUnavailable", "other");
  assert.equal(same.replaceAll("nothing", "coder").replaceAll("/other", "/prov"), refusal);
  await visited(operator);
  assert.deepEqual(calls(), [], "Coder hears nothing");
  assert.deepEqual(await rig.pods(), []);

  const consent = (list: string | null) =>
    home.change({ metadata: { annotations: { "coder.com/used-from": list } } });
  await consent(rig.namespace);
  await rig.podsReady();
  // The rights of its builds are another matter, which is Degraded.
  await rig.settled("prov", { Ready: "True" });
  const key = rig.keyInCoder(await rig.key(), home);
  assert.ok(key);
  const [pod] = await rig.pods();
  assert.equal(urlOf(pod), `http://coder.${far}.svc.cluster.local:80`);
  const { status } = await rig.provisioners.stored("prov");
  assert.equal(status?.key?.controlPlaneNamespace, far);

  await consent(null);
  await said(rig, "ControlPlaneReady", "False", "ControlPlaneUnavailable");
  await rig.provisioners.change("prov", { spec: { tags: { region: "us" } } });
  await rig.provisioners.condition("prov", "ProvisionerKeyReady", "False");
  await visited(operator);
  assert.deepEqual(rig.keyNames(home), [key.name], "no key without consent");
  assert.equal((await rig.podsReady())[0]?.uid, pod?.uid, "what runs goes on");
  await rig.provisioners.delete("prov");
  await rig.provisioners.gone("prov");
  assert.deepEqual(rig.keyNames(home), []);
});
