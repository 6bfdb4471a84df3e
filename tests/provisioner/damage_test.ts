/** What others do to a key, in Coder and in its Secret, and what gets lost on the way: noticed, told, made good. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { randomText } from "../fake-coder/state.ts";
import type { FakeProvisionerKey } from "../fake-coder/state.ts";
import {
  aged,
  KeyWitness,
  nothingLeft,
  operate,
  rotated,
  running,
  said,
  TestTime,
  told,
  visited,
} from "./key_witness.ts";
import { KEYS_ROUTE, ProvisionerRig } from "./rig.ts";

const SECRET = "v1/secrets/prov-provisioner-key";

/** What happens to a key in Coder. */
const IN_CODER: Readonly<Record<string, (rig: ProvisionerRig, key: FakeProvisionerKey) => void>> = {
  "it is deleted": ({ coder: { fake: { state } } }, key) => {
    state.provisionerKeys.splice(state.provisionerKeys.indexOf(key), 1);
  },
  "its tags are changed": (_, key) => void Object.assign(key, { tags: { region: "elsewhere" } }),
  "another takes its name": (_, key) => {
    Object.assign(key, { id: crypto.randomUUID(), secret: randomText(43) });
  },
};

Deno.test("a key that somebody deletes or alters in Coder is noticed and replaced", async () => {
  await using rig = await ProvisionerRig.start("damage");
  await using operator = await operate(rig);
  let key = await running(rig, { tags: { region: "eu" } });
  for (const [what, harm] of Object.entries(IN_CODER)) {
    await waitFor(async () => (await rig.provisioners.stored("prov")).status?.provisionerKeyID === key.id, {
      what: "the key's id to be known",
    });
    await aged(rig);
    const before = { ...key };
    harm(rig, key);
    await waitFor(async () => {
      // In place of the minute between two verifications.
      await visited(operator);
      return rig.keyInCoder(await rig.key())?.name !== before.name &&
        rig.keyInCoder(await rig.key()) !== undefined;
    }, { what: `another key, when ${what}` });
    key = await rotated(rig, before);
    assert.notEqual(key.name, before.name, what);
    assert.deepEqual(key.tags, { region: "eu" }, what);
    await rig.settled("prov", {
      Ready: "True",
      ProvisionerKeyReady: "True",
      ProvisionerKeySecretReady: "True",
    });
  }
  await told(rig, ["ProvisionerKeySecretNotReady"]);
});

Deno.test("conditions are found anew in every pass: they turn false with the key, and true again", async () => {
  await using rig = await ProvisionerRig.start("damage-said");
  let laterMs = 0;
  await using operator = await operate(rig, { now: () => new Date(Date.now() + laterMs) });
  const key = await running(rig);
  await waitFor(async () => (await rig.provisioners.stored("prov")).status?.provisionerKeyID, {
    what: "its id",
  });
  await aged(rig);
  const heal = rig.coder.fake.faults.add({
    method: "POST",
    route: KEYS_ROUTE,
    times: Infinity,
    action: { do: "answer", reply: { status: 500, json: { message: "no" } } },
  });
  rig.coder.fake.state.provisionerKeys.splice(0);
  // In place of the minute between two verifications.
  await waitFor(async () => {
    await visited(operator);
    const { status } = await rig.provisioners.stored("prov");
    return status?.conditions?.some(({ reason, type }) =>
      type === "ProvisionerKeySecretReady" && reason === "KeyGone"
    );
  }, { what: "the key to be missed" });
  await said(rig, "ProvisionerKeySecretReady", "False", "KeyGone");
  const why = await said(rig, "ProvisionerKeyReady", "False", "ProvisionerKeyFailed");
  assert.match(why, /somebody deleted the present one in Coder/);
  await rig.provisioners.condition("prov", "Ready", "False");
  await rig.live.send("DELETE", SECRET);
  assert.match(await said(rig, "ProvisionerKeySecretReady", "False", "SecretMissing"), /does not exist/);
  heal();
  laterMs = 600_000;
  await visited(operator);
  await rotated(rig, key);
  await rig.settled("prov", { Ready: "True", ProvisionerKeySecretReady: "True", Degraded: "False" });
  await rig.provisioners.condition("prov", "ProvisionerKeyReady", "True");
});

Deno.test("a Secret that is edited, emptied or deleted gets a new key, while pods run with the one before", async () => {
  await using rig = await ProvisionerRig.start("damage-secret");
  await using _ = await operate(rig);
  let key = await running(rig);
  using witness = new KeyWitness(rig);
  const harm: (() => Promise<unknown>)[] = [
    () => rig.live.send("PATCH", SECRET, { stringData: { key: "not a key" } }),
    () => rig.live.send("PATCH", SECRET, { data: { key: null } }),
    () => rig.live.send("DELETE", SECRET),
  ];
  for (const [index, change] of harm.entries()) {
    await aged(rig);
    await change();
    key = await rotated(rig, key);
    await nothingLeft(rig);
    witness.assert(index + 1);
  }
});

Deno.test("an answer that is lost costs another key, and none stays behind", async () => {
  await using rig = await ProvisionerRig.start("damage-lost");
  const time = new TestTime();
  await using operator = await operate(rig, { now: time.now });
  let key = await running(rig);
  await nothingLeft(rig);
  using witness = new KeyWitness(rig);
  for (const [index, action] of (["loseAnswer", "truncate", "dropRequest"] as const).entries()) {
    const listen = rig.coder.listen({ route: /provisionerkeys/ });
    rig.coder.fake.faults.add({ method: "POST", route: KEYS_ROUTE, action: { do: action } });
    // The next try is due after seconds.
    time.hold();
    await rig.provisioners.change("prov", { spec: { tags: { round: `${index}` } } });
    await said(rig, "ProvisionerKeyReady", "False", "ProvisionerKeyFailed");
    assert.equal(rig.keyNames().length, action === "dropRequest" ? 1 : 2, action);
    assert.equal(rig.keyInCoder(await rig.key())?.id, key.id);
    time.skip(600_000);
    await visited(operator);
    key = await rotated(rig, key);
    await nothingLeft(rig);
    await rig.settled("prov", { Ready: "True", ProvisionerKeyReady: "True" });
    // The one whose answer was lost, and the one before.
    assert.deepEqual(listen().filter((call) => !call.startsWith("GET")).map((call) => call.split(" ")[0]), [
      "POST",
      "DELETE",
      "POST",
      "DELETE",
    ], action);
    witness.assert();
  }
});
