import assert from "node:assert/strict";
import { htmlPage, tooManyRequests } from "../../../tests/fake-coder/mod.ts";
import { h32 } from "../../workload/hash.ts";
import { changed, controlledBy } from "../../reconciler/testing/fakes.ts";
import { secretOf } from "../../operator/visit/control_plane_testing.ts";
import { refusal } from "../../operator/visit/control_plane_testing.ts";
import { KEY_NAME_ANNOTATION } from "../keys/mod.ts";
import { ROTATE_ANNOTATION } from "../../api/provisioner_key.ts";
import { license, VisitWorld } from "../../../tests/provisioner/visit_world.ts";

const KEYS = "/api/v2/organizations/{organization}/provisionerkeys";
const KEY = `${KEYS}/{name}`;
const SECRET_KEY = { namespace: "a", name: "prov-provisioner-key" };

Deno.test("a key is named in the status, then made, put into the Secret, and told", async () => {
  await using world = await VisitWorld.start({ spec: { tags: { region: "eu" } } });
  await world.visit();
  const [intent] = world.result?.keys?.mine.intents ?? [];
  assert.equal(intent?.step, "Making");
  assert.deepEqual(world.keys(), [], "nobody hears of it before its name is stored");
  assert.equal(world.result?.checksum, undefined, "pods wait");
  world.store();
  await world.visit();
  assert.deepEqual(world.keys(), [intent?.name]);
  assert.equal(world.isValid(), true);
  assert.deepEqual(world.coder.state.provisionerKeys[0]?.tags, { region: "eu" });
  assert.equal(world.secret?.metadata.annotations?.[KEY_NAME_ANNOTATION], intent?.name);
  assert.equal(world.secret?.type, "Opaque");
  assert.deepEqual(world.secret?.metadata.ownerReferences, controlledBy(world.object));
  assert.ok(world.kept.includes(world.value ?? "?"), "it is kept out of every text");
  assert.deepEqual(
    world.events.map((event) => event.split(":")[0]),
    ["Normal KeyCreated", "Normal Created"].sort(),
  );
  world.calls.length = 0;
  await world.settle();
  assert.deepEqual(
    world.calls.filter((call) => call.includes("secrets")),
    [],
    "what was just written is known",
  );
  assert.equal(world.condition("ProvisionerKeyReady"), "True ProvisionerKeyReady");
  assert.equal(world.condition("ProvisionerKeySecretReady"), "True SecretReady");
  const { key, organizationID, provisionerKeyID, provisionerKeyName } = world.object.status ?? {};
  assert.equal(provisionerKeyID, world.coder.state.provisionerKeys[0]?.id, "as Coder lists it");
  assert.equal(provisionerKeyName, intent?.name);
  assert.equal(organizationID, world.coder.state.defaultOrganization.id);
  assert.equal(key?.deploymentID, world.coder.state.deploymentId);
  assert.deepEqual(key?.tokenSecretRef, { name: "coder-operator-token", key: "token" });
});

Deno.test("while what a visit left is not stored, no other name is thought of", async () => {
  await using world = await VisitWorld.start();
  await world.visit();
  const before = world.result;
  await world.visit();
  assert.deepEqual(world.result, before);
  assert.equal(world.lookAgainMs, 10_000);
  world.store();
  await world.visit();
  assert.equal(world.keys().length, 1);
  const made = world.result;
  await world.visit();
  assert.deepEqual(world.result?.keys, made?.keys, "nor is a key made twice");
  assert.deepEqual(world.result?.checksum, made?.checksum);
  assert.equal(world.coder.count({ method: "POST", route: KEYS }), 1);
});

/** A visit, and then a record that somebody else stores. */
async function overtaken(): Promise<{ world: VisitWorld; left: string | undefined }> {
  const world = await VisitWorld.start();
  await world.visit();
  const left = world.result?.keys?.mine.intents[0]?.name;
  const { object } = world;
  const status = { ...object.status, provisionerKeyName: "other", organizationName: "default" };
  world.put(changed(object, {}, { status: { ...status, controlPlaneRefName: "coder" } }));
  return { world, left };
}

Deno.test("what somebody else stored meanwhile is gone on from, once the names that a visit left are beside it", async () => {
  const { world, left } = await overtaken();
  await using _ = world;
  for (let visits = 0; visits < 3; visits++) {
    await world.visit();
    assert.deepEqual(
      world.result?.keys?.mine.intents.map(({ name }) => name),
      [left],
      "no other is thought of",
    );
  }
  world.store();
  assert.deepEqual(world.object.status?.keyIntents?.map(({ name, step }) => [name, step]), [[
    left,
    "Retiring",
  ]]);
  await world.visit();
  assert.equal(world.result?.keys?.base.present?.name, "other");
});

Deno.test("a record that got lost is not waited for without end", async () => {
  const { world } = await overtaken();
  await using _ = world;
  world.shiftMs += 60_000;
  await world.visit();
  assert.equal(world.result?.keys?.base.present?.name, "other");
});

Deno.test("a cache that lags behind makes no key", async () => {
  await using world = await VisitWorld.start();
  await world.visit();
  world.store();
  const { object } = world;
  world.put(changed(object, {}, { status: {} }), { cached: false });
  await world.visit();
  assert.deepEqual(world.keys(), []);
  assert.equal(world.said("ProvisionerKeyReady"), "False Settling");
  assert.equal(world.lookAgainMs, 1_000);
  for (
    const live of [
      changed(object, { finalizers: [] }),
      changed(object, { deletionTimestamp: "2026-01-01T00:00:00Z" }),
      changed(object, { uid: "another" }),
    ]
  ) {
    world.put(live, { cached: false });
    await world.visit();
    assert.deepEqual(world.keys(), []);
  }
  world.remove(object, { cached: false });
  await world.visit();
  assert.deepEqual(world.keys(), [], "it is gone");
  world.put(object);
  await world.visit();
  assert.equal(world.keys().length, 1);
});

Deno.test("after a crash a visit goes on with what is stored", async () => {
  await using world = await VisitWorld.start();
  await world.visit();
  world.store();
  await world.visit();
  for (const step of world.steps) step.forget?.("uid-1");
  await world.visit();
  assert.equal(world.keys().length, 1);
  assert.equal(world.result?.keys?.mine.present?.name, world.keys()[0]);
});

Deno.test("the Secret is read when it has a new version, and not with every visit", async () => {
  await using world = await VisitWorld.start();
  await world.settle();
  await world.visit();
  const reads = () => world.calls.filter((call) => call === "get secrets a/prov-provisioner-key").length;
  const before = reads();
  await world.visit();
  await world.visit();
  assert.equal(reads(), before);
  world.put(changed(world.secret!, {}, { data: { key: btoa("edited") } }));
  await world.visit();
  assert.equal(reads(), before + 1);
  assert.equal(world.said("ProvisionerKeySecretReady"), "False SecretChanged");
  assert.equal(world.result?.checksum, undefined, "pods keep what they have");
  world.shiftMs += 60_000;
  await world.settle();
  assert.equal(world.isValid(), true);
});

Deno.test("a key of the Go operator is kept, and so is the checksum of its pods", async () => {
  await using world = await VisitWorld.start({
    status: {
      organizationName: "default",
      provisionerKeyName: "prov",
      tagsHash: "811c9dc5",
      controlPlaneRefName: "coder",
      controlPlaneURL: "https://coder.a.svc.cluster.local:443",
    },
  });
  const { state } = world.coder;
  const value = "k".repeat(43);
  state.provisionerKeys.push({
    id: crypto.randomUUID(),
    created_at: state.time(),
    organization: state.defaultOrganization.id,
    name: "prov",
    tags: {},
    secret: value,
  });
  const secret = secretOf(SECRET_KEY, { key: value });
  world.put({ ...secret, metadata: { ...secret.metadata, ownerReferences: controlledBy(world.object) } });
  await world.settle();
  assert.deepEqual(world.keys(), ["prov"]);
  assert.equal(world.condition("ProvisionerKeyReady"), "True ProvisionerKeyReady");
  assert.equal(world.result?.checksum?.legacy, h32(value));
  assert.equal(world.coder.count({ method: "POST" }), 0);
  assert.equal(world.coder.count({ method: "DELETE" }), 0);
});

Deno.test("a rotation asked for makes the new key first, and deletes the old one when no pod has it", async () => {
  await using world = await VisitWorld.start();
  await world.settle();
  const [old = ""] = world.keys();
  world.spec({}, { [ROTATE_ANNOTATION]: "please" });
  await world.visit();
  world.store();
  await world.visit();
  world.store();
  assert.equal(world.keys().length, 2, "both are valid");
  assert.equal(world.isValid(), true);
  await world.visit();
  assert.equal(world.keys().length, 2, "pods still run with the old one");
  assert.match(world.message("ProvisionerKeyReady"), new RegExp(`deleted once nothing uses it: ${old}`));
  world.roll();
  const ending = world.pod("ending", "old", { deletionTimestamp: "2026-01-01T00:00:00Z" });
  await world.visit();
  assert.equal(world.keys().length, 2, "a pod that finishes its build still has it");
  world.remove(ending, { cached: true });
  world.put(ending, { cached: false });
  await world.visit();
  assert.equal(world.keys().length, 2, "also where only the API server knows that pod");
  world.remove(ending);
  await world.settle();
  assert.equal(world.keys().length, 1);
  assert.notEqual(world.keys()[0], old);
  assert.equal(world.isValid(), true);
  assert.equal(world.object.status?.key?.rotation, "please");
  await world.settle();
  assert.equal(world.coder.count({ method: "POST", route: KEYS }), 2, "once is enough");
});

Deno.test("a key is replaced at its age, and not because an address changed", async () => {
  await using world = await VisitWorld.start({ spec: { key: { rotateAfter: "2h" } } });
  await world.settle();
  assert.ok((world.lookAgainMs ?? 0) > 0);
  const { controlPlane } = world.home;
  world.put(changed(controlPlane, {}, { spec: { service: { port: 8080 } } }));
  world.put(changed(controlPlane, {}, { spec: { tls: { secretNames: ["t"] } } }));
  await world.settle();
  assert.equal(world.coder.count({ method: "POST", route: KEYS }), 1);
  world.shiftMs += 2 * 3_600_000 + 60_000;
  await world.settle();
  assert.equal(world.coder.count({ method: "POST", route: KEYS }), 2);
  assert.equal(world.keys().length, 1);
});

Deno.test("a key that somebody deleted in Coder is noticed in the list, and replaced", async () => {
  await using world = await VisitWorld.start();
  await world.settle();
  world.shiftMs += 61_000;
  await world.settle();
  assert.ok(world.object.status?.provisionerKeyID);
  const lists = world.coder.count({ method: "GET", route: KEYS });
  await world.settle();
  assert.equal(world.coder.count({ method: "GET", route: KEYS }), lists, "the list is not old yet");
  world.coder.state.provisionerKeys.length = 0;
  world.shiftMs += 61_000;
  await world.visit();
  assert.equal(world.said("ProvisionerKeyReady"), "False KeyGone");
  assert.equal(world.said("ProvisionerKeySecretReady"), "False KeyGone");
  world.store();
  await world.settle();
  assert.equal(world.keys().length, 1);
  assert.equal(world.isValid(), true);
});

Deno.test("Coder that asks for fewer requests is asked a few times in 35 s, by one object", async () => {
  await using world = await VisitWorld.start();
  world.coder.faults.add({ method: "POST", route: KEYS, times: Infinity, action: tooManyRequests(1) });
  const begin = world.shiftMs;
  while (world.shiftMs - begin < 35_000) {
    await world.visit();
    world.store();
    world.shiftMs += Math.min(world.lookAgainMs ?? 1_000, 1_000);
  }
  const asked = world.coder.count({ method: "POST", route: KEYS });
  assert.ok(asked >= 1 && asked <= 4, `${asked} requests`);
  assert.equal(world.said("ProvisionerKeyReady"), "False RateLimited");
  assert.equal(world.result?.report.troubles.length, 0, "that passes by itself");
});

Deno.test("what Coder refuses is told, and tried again later", async () => {
  await using world = await VisitWorld.start({ spec: { organizationName: "nowhere" } });
  await world.visit();
  world.store();
  await world.visit();
  assert.equal(world.said("ProvisionerKeyReady"), "False ProvisionerKeyFailed");
  assert.equal(world.result?.report.troubles[0]?.reason, "ProvisionerKeyFailed");
  assert.ok((world.lookAgainMs ?? 0) > 200_000 || (world.lookAgainMs ?? 0) <= 120_000);
  world.store();
  await world.visit();
  assert.equal(world.coder.count({ method: "POST", route: KEYS }), 1);
});

Deno.test("a licence that does not cover keys is told as such, whatever the control plane last knew", async () => {
  await using world = await VisitWorld.start();
  license(world.coder, false);
  await world.visit();
  world.store();
  await world.visit();
  assert.equal(world.said("ProvisionerKeyReady"), "False NotEntitled");
  assert.equal(world.said("ExternalProvisionersEntitled"), "False NotEntitled");
});

Deno.test("a lost licence is seen in the list of keys, and the key stays", async () => {
  await using world = await VisitWorld.start();
  await world.settle();
  license(world.coder, false);
  world.shiftMs += 61_000;
  await world.visit();
  assert.equal(world.said("ExternalProvisionersEntitled"), "False NotEntitled");
  assert.equal(world.said("ProvisionerKeyReady"), "True ProvisionerKeyReady");
  assert.ok(world.result?.checksum);
});

Deno.test("a Secret of somebody else is refused before any key is made, and taken where that is allowed", async () => {
  await using world = await VisitWorld.start();
  const foreign = secretOf(SECRET_KEY, { key: "theirs", other: "kept" });
  world.put(foreign);
  await world.visit();
  assert.equal(world.said("ProvisionerKeyReady"), "False SecretForeign");
  assert.equal(world.said("ProvisionerKeySecretReady"), "False SecretForeign");
  assert.equal(world.result?.report.troubles[0]?.reason, "SecretForeign");
  assert.ok(!world.kept.includes("theirs"), "nor is it looked into");
  assert.equal(world.coder.count({ method: "POST" }), 0);
  world.put(changed(foreign, { annotations: { "coder.com/adopt": "prov" } }));
  await world.settle();
  assert.equal(world.isValid(), true);
  assert.deepEqual(Object.keys(world.secret?.data ?? {}).sort(), ["key"]);
});

Deno.test("other data of the Secret stays while pods of an earlier template may name it", async () => {
  await using world = await VisitWorld.start();
  await world.settle();
  world.spec({ key: { secretKey: "token" } });
  world.pod("older", "something else");
  world.shiftMs += 31_000;
  for (let round = 0; round < 3; round++) {
    await world.visit();
    world.store();
  }
  assert.deepEqual(Object.keys(world.secret?.data ?? {}).sort(), ["key", "token"]);
});

Deno.test("where pods read their key stays in the Secret until they read it elsewhere, however well they are", async () => {
  await using world = await VisitWorld.start();
  await world.settle();
  world.spec({ key: { secretKey: "token" } });
  world.shiftMs += 31_000;
  for (let round = 0; round < 2; round++) {
    await world.visit();
    world.store();
  }
  assert.deepEqual(Object.keys(world.secret?.data ?? {}).sort(), ["key", "token"]);
  await world.settle();
  world.spec({}, { [ROTATE_ANNOTATION]: "now" });
  await world.settle();
  assert.deepEqual(Object.keys(world.secret?.data ?? {}), ["token"]);
});

Deno.test("what is not stored yet says nothing of a Secret that is named meanwhile", async () => {
  await using world = await VisitWorld.start();
  await world.settle();
  world.put(secretOf({ namespace: "a", name: "mine" }, { key: "brought" }));
  world.spec({ key: { existingSecret: "mine" } });
  await world.visit();
  const { checksum } = world.result ?? {};
  assert.notEqual(checksum, undefined);
  world.spec({ replicas: 3 });
  await world.visit();
  assert.deepEqual(world.result?.checksum, checksum, "it is the same Secret");
  world.spec({ key: { secretName: "another" } });
  await world.visit();
  assert.equal(world.result?.checksum, undefined);
  assert.equal(world.result?.generation, world.object.metadata.generation);
});

Deno.test("what an earlier provisioner of the name left is no key of this one", async () => {
  await using world = await VisitWorld.start();
  const secret = secretOf(SECRET_KEY, { key: "theirs" });
  const owner = changed(world.object, { uid: "earlier" });
  world.put({ ...secret, metadata: { ...secret.metadata, ownerReferences: controlledBy(owner) } });
  await world.visit();
  assert.equal(world.said("ProvisionerKeySecretReady"), "False SecretMissing");
});

Deno.test("a key that the user brings is used, and the Secret is never written", async () => {
  await using world = await VisitWorld.start({ spec: { key: { existingSecret: "mine", secretKey: "k" } } });
  await world.visit();
  assert.equal(world.said("ProvisionerKeyReady"), "False SecretMissing");
  assert.match(world.result?.report.troubles[0]?.message ?? "", /existingSecret does not exist/);
  const mine = secretOf({ namespace: "a", name: "mine" }, { k: " brought\n" });
  world.put(mine);
  await world.settle();
  assert.equal(world.condition("ProvisionerKeyReady"), "True ExistingSecret");
  assert.equal(world.condition("ProvisionerKeySecretReady"), "True SecretReady");
  assert.equal(world.result?.checksum?.legacy, h32(" brought\n"), "as pods get it");
  assert.ok(world.calls.every((call) => !call.startsWith("apply")));
  assert.equal(world.coder.count(), 1, "Coder is only asked for its id");
  world.put(changed(mine, {}, { data: { k: btoa("\xff\xfe") } }));
  await world.visit();
  assert.equal(world.said("ProvisionerKeyReady"), "False SecretMissing", "no text is no key");
});

Deno.test("a Secret that cannot be read is an error of the visit", async () => {
  await using world = await VisitWorld.start();
  world.onCall = (what) => {
    if (what === "get secrets a/prov-provisioner-key") throw refusal(403, "Forbidden", "no");
  };
  await assert.rejects(world.visit(), /no/);
});

Deno.test("a Secret that cannot be written undoes the key", async () => {
  await using world = await VisitWorld.start();
  await world.visit();
  world.store();
  world.onCall = (what) => {
    if (what.startsWith("apply")) throw refusal(500, "InternalError", "no room");
  };
  await world.visit();
  assert.equal(world.result?.keys?.mine.intents[0]?.step, "Undoing");
  world.onCall = () => {};
  world.store();
  world.shiftMs += 60_000;
  await world.settle();
  assert.equal(world.keys().length, 1);
  assert.equal(world.isValid(), true);
});

Deno.test("a provisioner that moves to another Coder gets a key there, and the old one is deleted where it was", async () => {
  await using world = await VisitWorld.start();
  const other = await world.addHome({ metadata: { name: "other", namespace: "b" } });
  await world.settle();
  world.put(changed(other.controlPlane, { annotations: { "coder.com/used-from": "a" } }));
  world.spec({ controlPlaneRef: { name: "other", namespace: "b" } });
  world.shiftMs += 60_000;
  await world.settle();
  assert.deepEqual([world.keys().length, world.keys(other.coder).length], [0, 1]);
  assert.equal(world.isValid(other.coder), true);
  world.spec({ controlPlaneRef: { name: "coder" } });
  await world.settle();
  assert.deepEqual(
    [world.keys().length, world.keys(other.coder).length],
    [1, 0],
    "and back, across namespaces",
  );
});

Deno.test("in another namespace, only keys of this very provisioner are ever deleted", async () => {
  await using world = await VisitWorld.start();
  const other = await world.addHome({ metadata: { name: "other", namespace: "b" } });
  await world.settle();
  const { state } = other.coder;
  state.provisionerKeys.push({
    id: crypto.randomUUID(),
    created_at: state.time(),
    organization: state.defaultOrganization.id,
    name: "precious",
    tags: {},
    secret: "x".repeat(43),
  });
  const { object } = world;
  const keyIntents = [{
    name: "precious",
    step: "Retiring",
    since: "2026-01-01T00:00:00Z",
    organizationName: "default",
    controlPlaneName: "other",
    controlPlaneNamespace: "b",
  }];
  world.put(changed(object, {}, { status: { ...object.status, keyIntents } }));
  await world.settle();
  assert.deepEqual(world.keys(other.coder), ["precious"]);
  assert.equal(other.coder.count({ method: "DELETE", route: KEY }), 0);
  assert.equal(world.object.status?.keyIntents, undefined, "it is given up");
});

Deno.test("while Coder cannot be asked, what is there stays as it is, and is told", async () => {
  await using world = await VisitWorld.start();
  await world.settle();
  const { controlPlane } = world.home;
  world.put(changed(controlPlane, {}, { status: {} }));
  await world.visit();
  assert.equal(world.said("ProvisionerKeyReady"), "True ProvisionerKeyReady");
  assert.ok(world.result?.checksum);
  world.spec({ tags: { region: "us" } });
  await world.visit();
  world.store();
  await world.visit();
  assert.equal(world.said("ProvisionerKeyReady"), "False ControlPlaneUnavailable");
  assert.match(world.message("ProvisionerKeyReady"), /operatorAccessReady=true/);
  world.put(controlPlane);
  await world.settle();
  assert.deepEqual(world.coder.state.provisionerKeys.map(({ tags }) => tags), [{ region: "us" }]);
});

Deno.test("a list that fails says nothing about the key", async () => {
  await using world = await VisitWorld.start();
  await world.settle();
  world.coder.faults.add({ method: "GET", route: KEYS, times: 5, action: htmlPage(502, "Bad Gateway") });
  world.shiftMs += 61_000;
  await world.visit();
  assert.equal(world.said("ProvisionerKeyReady"), "True ProvisionerKeyReady");
  assert.equal(world.said("ExternalProvisionersEntitled"), "True Entitled");
});
