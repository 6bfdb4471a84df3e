/** The end of provisioners: in order, with the credentials that made the key, and in bounded time whatever is gone. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { KeyWitness, nothingLeft, operate, running, said, TestTime } from "./key_witness.ts";
import { KEY_ROUTE, ProvisionerRig } from "./rig.ts";

const DEPLOYMENT = "apps/v1/deployments/provisioner-prov";
const HOUR_MS = 3_600_000;

/** Events about the provisioner of this reason, once there is one. */
async function events(rig: ProvisionerRig, reason: string): Promise<string[]> {
  return await waitFor(async () => {
    const { items } = await rig.live.get("events.k8s.io/v1/events");
    // deno-lint-ignore no-explicit-any -- events as sent
    const notes = items.filter((each: any) => each.regarding?.name === "prov" && each.reason === reason)
      // deno-lint-ignore no-explicit-any -- events as sent
      .map((each: any) => each.note);
    return notes.length > 0 && notes;
  }, { what: `an Event ${reason}` });
}

Deno.test("builds end first, then the key is deleted, then the provisioner is gone with all that was made for it", async () => {
  await using rig = await ProvisionerRig.start("end");
  await using _ = await operate(rig);
  const key = await running(rig, { replicas: 2 });
  await nothingLeft(rig);
  using witness = new KeyWitness(rig);
  const [pod] = await rig.pods();
  // A build in hand.
  const path = `v1/pods/${pod?.name}`;
  await rig.live.send("PATCH", path, { metadata: { finalizers: ["example.com/builds"] } });
  await rig.provisioners.delete("prov");
  await said(rig, "Terminating", "True", "PodsEnding");
  const { message } = await rig.provisioners.condition("prov", "Ready", "False");
  assert.match(message, /finish their builds; their key is deleted after that/);
  // Pods are ended by the garbage collector, in its own time.
  await waitFor(async () => (await rig.pods()).every(({ ready }) => !ready), { what: "pods to end" });
  assert.deepEqual(rig.keyNames(), [key.name], "the build may need it yet");
  await rig.live.send("PATCH", path, { metadata: { finalizers: null } });
  await rig.provisioners.gone("prov");
  witness.assert(1);
  assert.deepEqual(rig.keyNames(), []);
  await waitFor(async () => {
    const left = await Promise.all(
      [DEPLOYMENT, "v1/secrets/prov-provisioner-key", "v1/serviceaccounts/prov-provisioner"]
        .map((each) => rig.live.get(each)),
    );
    return left.every((each) => each === undefined);
  }, { what: "its children to go" });
});

Deno.test("a Coder that is gone for good holds a provisioner for a bounded time, and is told of", async () => {
  await using rig = await ProvisionerRig.start("end-away");
  let laterMs = 0;
  await using operator = await operate(rig, { now: () => new Date(Date.now() + laterMs) });
  const key = await running(rig, { terminationGracePeriodSeconds: 1 });
  await rig.coder.fake.stop();
  await rig.provisioners.delete("prov");
  const message = await waitFor(async () => {
    const message = await said(rig, "Terminating", "True", "DeletingKeys");
    return message.includes(key.name) && message;
  }, { what: "the key to be named" });
  assert.match(message, /Given up at 20\d\d-/);
  laterMs = HOUR_MS;
  operator.visit("prov");
  await rig.provisioners.gone("prov");
  const [note] = await events(rig, "KeyAbandoned");
  assert.match(note ?? "", new RegExp(`coder provisioner keys delete ${key.name} --org default`));
  assert.deepEqual(rig.keyNames(), [key.name]);
});

Deno.test("who does not want to wait says so, and what can be deleted is", async () => {
  await using rig = await ProvisionerRig.start("end-now");
  await using _ = await operate(rig);
  await running(rig);
  await nothingLeft(rig);
  const [pod] = await rig.pods();
  await rig.live.send("PATCH", `v1/pods/${pod?.name}`, { metadata: { finalizers: ["example.com/hangs"] } });
  await rig.provisioners.delete("prov");
  const message = await said(rig, "Terminating", "True", "PodsEnding");
  const command = /kubectl annotate coderprovisioner prov --namespace \S+ (\S+)=true/.exec(message);
  assert.ok(command, message);
  await rig.provisioners.change("prov", { metadata: { annotations: { [command[1] ?? ""]: "true" } } });
  await rig.provisioners.gone("prov");
  assert.deepEqual(rig.keyNames(), []);
  await rig.live.send("PATCH", `v1/pods/${pod?.name}`, { metadata: { finalizers: null } });
});

Deno.test("without its control plane and the token a key is given up at once, and named", async () => {
  await using rig = await ProvisionerRig.start("end-alone");
  await using _ = await operate(rig);
  const key = await running(rig, { terminationGracePeriodSeconds: 1 });
  await rig.coder.remove();
  await said(rig, "ControlPlaneReady", "False", "ControlPlaneUnavailable");
  const before = rig.coder.fake.count({ route: KEY_ROUTE });
  await rig.provisioners.delete("prov");
  await rig.provisioners.gone("prov");
  const [note] = await events(rig, "KeyAbandoned");
  assert.match(note ?? "", new RegExp(key.name));
  assert.equal(rig.coder.fake.count({ route: KEY_ROUTE }), before, "nobody was asked without a token");
});

Deno.test("a Coder that refuses for a while is asked again, seldom, until the key is gone", async () => {
  await using rig = await ProvisionerRig.start("end-refused");
  const time = new TestTime();
  await using operator = await operate(rig, { now: time.now });
  await running(rig, { terminationGracePeriodSeconds: 1 });
  await nothingLeft(rig);
  const calls = rig.coder.listen({ method: "DELETE" });
  const heal = rig.coder.fake.faults.add({
    method: "DELETE",
    route: KEY_ROUTE,
    times: Infinity,
    action: { do: "answer", reply: { status: 503, json: { message: "Not today." } } },
  });
  // The next try is due after seconds.
  time.hold();
  await rig.provisioners.delete("prov");
  await waitFor(
    async () => /Not today|503/.test(await said(rig, "Terminating", "True", "DeletingKeys")),
    {
      what: "Coder's words",
    },
  );
  for (let times = 0; times < 5; times++) operator.visit("prov");
  await operator.again("prov");
  assert.equal(calls().length, 1);
  heal();
  time.skip(60_000);
  operator.visit("prov");
  await rig.provisioners.gone("prov");
  assert.equal(calls().length, 2);
  assert.deepEqual(rig.keyNames(), []);
});

Deno.test("a provisioner that goes before it ever had a key goes at once", async () => {
  await using rig = await ProvisionerRig.start("end-early");
  await rig.coder.entitled("not_entitled");
  await using _ = await operate(rig);
  await rig.provisioner("prov");
  await rig.provisioner("lost", { controlPlaneRef: { name: "nobody" } });
  await said(rig, "ProvisionerKeyReady", "False", "NotEntitled");
  const calls = rig.coder.listen({ method: "DELETE" });
  for (const name of ["prov", "lost"]) {
    await rig.provisioners.delete(name);
    await rig.provisioners.gone(name);
  }
  assert.deepEqual(calls(), []);
});
