import assert from "node:assert/strict";
import { RoleBindings } from "../api/kubernetes/resources.ts";
import { GIVE_UP_ANNOTATION, KEY_FINALIZER } from "./ending.ts";
import { DEPLOYMENT, KEY, refused, World } from "./testing_world.ts";

const deletionTimestamp = "2026-01-01T00:00:00Z";
const at = (time: string) => new Date(`2026-01-01T${time}Z`);

/** A provisioner that is deleted while its pods run; its key is on record. */
async function ending(metadata: object = {}): Promise<World> {
  const world = new World();
  world.visited({
    keys: { base: { intents: [], holds: [] }, mine: { present, intents: [], holds: [] } },
  });
  await world.pass();
  world.rollOut();
  await world.pass();
  world.change(undefined, { deletionTimestamp, ...metadata });
  world.events = [];
  return world;
}

const present = {
  name: "prov-abc",
  organization: { name: "default" },
  home: { namespace: "a", name: "coder" },
};

const gone = (world: World) => world.provisioners.get(KEY) === undefined;

/** The last pod is gone, and with it the Deployment. */
function podsEnd(world: World): void {
  const deployment = world.deployments.get(DEPLOYMENT);
  if (deployment !== undefined) world.deployments.remove(deployment);
}

Deno.test("the pods end first, then the key goes, then what holds the provisioner", async () => {
  const world = await ending();
  assert.deepEqual(await world.pass(), { requeueAfterMs: 660_000 });
  assert.deepEqual(world.done, ["delete Deployment provisioner-prov", "status"]);
  assert.equal(world.propagation, "Foreground", "it is there until its last pod is gone");
  assert.equal(world.condition("Terminating"), "True/PodsEnding");
  assert.equal(world.condition("Ready"), "False/Terminating");
  assert.deepEqual(world.events.map((event) => event.split(":")[0]), [
    "Normal Deleted",
    "Warning NotReady",
    "Normal Terminating",
  ]);
  assert.equal(world.status.provisionerKeyName, "prov-abc", "the record stays for the visits");
  assert.equal(world.status.observedGeneration, world.object.metadata.generation);

  world.now = at("00:05:00");
  assert.deepEqual(await world.pass(), { requeueAfterMs: 360_000 });
  assert.deepEqual(world.done, [], "nothing is deleted twice, and nothing made anew");

  podsEnd(world);
  assert.deepEqual(await world.pass(), { requeueAfterMs: 1_020_000 });
  assert.equal(world.condition("Terminating"), "True/DeletingKeys");
  world.results?.setEnded("uid-1", { done: false, message: "Coder does not answer" });
  await world.pass();
  assert.match(world.message("Terminating"), /Coder does not answer/);
  assert.match(world.message("Terminating"), /kubectl annotate coderprovisioner prov --namespace a .*=true/);

  world.results?.setEnded("uid-1", { done: true, message: "" });
  assert.equal(await world.pass(), undefined);
  assert.ok(gone(world));
  assert.deepEqual(world.roleBindings.list(), []);
  assert.match(world.events.at(-1) ?? "", /RBACRemoved: .*RoleBinding a\/provisioner-prov/);
});

Deno.test("builds that never end have their time, and no more", async () => {
  const world = await ending();
  await world.pass();
  world.now = at("00:11:00");
  await world.pass();
  assert.equal(world.condition("Terminating"), "True/DeletingKeys");
});

Deno.test("keys that nobody could delete are named, and the provisioner goes", async () => {
  const world = await ending();
  await world.pass();
  podsEnd(world);
  world.results?.setEnded("uid-1", { done: false, message: "Coder does not answer" });
  world.now = at("00:21:59");
  assert.deepEqual(await world.pass(), { requeueAfterMs: 1_000 });
  world.now = at("00:22:00");
  await world.pass();
  assert.ok(gone(world));
  const told = world.events.find((event) => event.startsWith("Warning KeyNotRevoked"));
  assert.match(told ?? "", /prov-abc \(organization default\): Coder does not answer/);
  assert.match(told ?? "", /coder provisioner keys delete/);
});

Deno.test("whoever gives keys up waits for no build, and visits delete what can be deleted", async () => {
  const world = await ending();
  await world.pass();
  world.results?.setEnded("uid-1", { done: false, message: "its pods finish their builds first" });
  world.change(undefined, { annotations: { [GIVE_UP_ANNOTATION]: "true" } });
  await world.pass();
  assert.equal(world.condition("Terminating"), "True/DeletingKeys");
  world.results?.setEnded("uid-1", { done: true, message: "" });
  await world.pass();
  assert.ok(gone(world));
  assert.ok(!world.events.some((event) => event.startsWith("Warning KeyNotRevoked")));
});

Deno.test("without keys on record nobody is told of any", async () => {
  const world = new World({}, { deletionTimestamp, finalizers: [KEY_FINALIZER] });
  await world.pass();
  world.events.length = 0;
  world.now = at("00:22:00");
  await world.pass();
  assert.ok(gone(world));
  assert.deepEqual(world.events, []);
});

Deno.test("where nobody visits Coder, nothing is waited for", async () => {
  const world = new World({}, { deletionTimestamp, finalizers: [KEY_FINALIZER] });
  world.results = undefined;
  await world.pass();
  assert.ok(gone(world));
});

Deno.test("what cannot be read and has no key is not waited for", async () => {
  const spec = { replicas: "three" as unknown as number };
  const world = new World(spec, { deletionTimestamp, finalizers: [KEY_FINALIZER] });
  await world.pass();
  assert.ok(gone(world));
  const keyed = new World(spec, { deletionTimestamp, finalizers: [KEY_FINALIZER] });
  keyed.provisioners.put({ ...keyed.object, status: { provisionerKeyName: "k" } } as typeof keyed.object);
  await keyed.pass();
  assert.equal(keyed.condition("Terminating"), "True/DeletingKeys");
  keyed.change(undefined, { annotations: { [GIVE_UP_ANNOTATION]: "true" } });
  await keyed.pass();
  assert.ok(gone(keyed));
  assert.ok(keyed.events.some((event) => event.startsWith("Warning KeyNotRevoked")));
});

Deno.test("nothing is made anew for a provisioner that others hold", async () => {
  const world = new World({}, { deletionTimestamp, finalizers: ["example.com/hold"] });
  world.visited();
  assert.equal(await world.pass(), undefined);
  assert.deepEqual(world.done, []);
  assert.deepEqual(world.deployments.list(), []);
});

Deno.test("children that the user keeps are left to Kubernetes", async () => {
  const world = await ending({ finalizers: [KEY_FINALIZER, "orphan"] });
  await world.pass();
  assert.ok(!world.done.includes("delete Deployment provisioner-prov"));
  assert.equal(world.condition("Terminating"), "True/PodsEnding");
});

Deno.test("a Deployment that is gone already, or is somebody else's, is no trouble", async () => {
  const world = await ending();
  world.refuse = (verb, kind) =>
    verb === "delete" && kind === "Deployment" ? refused(404, "NotFound") : undefined;
  await world.pass();
  assert.equal(world.condition("Terminating"), "True/PodsEnding");
  const theirs = await ending();
  const { deployment } = theirs;
  theirs.deployments.put({ ...deployment!, metadata: { ...deployment!.metadata, ownerReferences: [] } });
  await theirs.pass();
  assert.ok(!theirs.done.some((each) => each.startsWith("delete")));
  assert.equal(theirs.condition("Terminating"), "True/DeletingKeys");
});

Deno.test("what cannot be removed holds the provisioner, is told, and is tried again", async () => {
  const world = await ending();
  podsEnd(world);
  world.results?.setEnded("uid-1", { done: true, message: "" });
  world.refuse = (verb, kind) =>
    verb === "delete" && kind === RoleBindings.kind ? refused(403, "Forbidden", "SECRET") : undefined;
  await assert.rejects(world.pass(), /CleanUp/);
  assert.ok(!gone(world));
  assert.equal(world.condition("Terminating"), "True/CleaningUp");
  assert.match(world.message("Terminating"), /could not be removed: \*\*\*/);
  world.refuse = (verb, kind) => verb === "delete" && kind === "Deployment" ? refused(500) : undefined;
  const pods = await ending();
  pods.refuse = world.refuse;
  await assert.rejects(pods.pass(), /CleanUp/);
});

Deno.test("an end that is aborted says nothing", async () => {
  const world = await ending();
  const abort = new AbortController();
  const reason = new Error("leadership was lost");
  world.refuse = () => (abort.abort(reason), reason);
  await assert.rejects(world.pass(abort.signal), reason);
  assert.equal(world.condition("Terminating"), undefined);
});

Deno.test("what visits leave on record while they delete keys is stored", async () => {
  const world = await ending();
  podsEnd(world);
  const base = { present, intents: [], holds: [] };
  const hold = {
    notBefore: "2026-01-01T00:01:00Z",
    failures: 1,
    reason: "CoderUnavailable",
    message: "502",
    home: "a/coder",
  };
  const mine = {
    intents: [{ ...present, step: "Retiring" as const, since: deletionTimestamp }],
    holds: [hold],
  };
  world.visited({ keys: { base, mine } });
  await world.pass();
  assert.equal(world.status.provisionerKeyName, undefined);
  assert.equal(world.status.keyIntents?.[0]?.name, "prov-abc");
  assert.equal(world.status.key?.retries?.[0]?.reason, "CoderUnavailable");
});
