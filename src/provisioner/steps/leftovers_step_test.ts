import assert from "node:assert/strict";
import { Secrets } from "../../api/kubernetes/resources.ts";
import type { RoleBinding } from "../../api/kubernetes/types.ts";
import { refused, World } from "../testing_world.ts";

/** A provisioner whose ServiceAccount and key Secret have just been renamed, and whose new pods run. */
async function renamed(): Promise<World> {
  const world = new World();
  world.visited();
  await world.pass();
  world.child(Secrets, "prov-provisioner-key");
  world.rollOut();
  await world.pass();
  world.change({ serviceAccount: { name: "builder" }, key: { secretName: "new-key" } });
  world.visited();
  world.child(Secrets, "new-key");
  await world.pass();
  return world;
}

const names = (world: World) => ({
  accounts: world.serviceAccounts.list().map(({ metadata }) => metadata.name),
  secrets: world.secrets.list().map(({ metadata }) => metadata.name),
  bound: (world.roleBindings.list() as unknown as RoleBinding[]).flatMap(({ subjects = [] }) =>
    subjects.map(({ name }) => name)
  ),
});

const both = {
  accounts: ["prov-provisioner", "builder"],
  secrets: ["prov-provisioner-key", "new-key"],
  bound: ["prov-provisioner", "builder"],
};
const key = { name: "CODER_PROVISIONER_DAEMON_KEY" };

Deno.test("while pods are being replaced, everything of the earlier names stays", async () => {
  const world = await renamed();
  assert.ok(!world.done.includes("list Pod"), "the Deployment itself is not done yet");
  assert.deepEqual(names(world), both);
});

Deno.test("what pods use that are ending stays, until they have ended", async () => {
  const world = await renamed();
  world.rollOut();
  const valueFrom = { secretKeyRef: { name: "prov-provisioner-key", key: "key" } };
  const containers = [{ name: "provisioner", env: [{ ...key, valueFrom }] }];
  world.pod("old", { serviceAccountName: "prov-provisioner", containers });
  world.pod("new", { serviceAccountName: "builder" });
  assert.deepEqual(await world.pass(), { requeueAfterMs: 30_000 });
  assert.deepEqual(names(world), both);
  world.pods = world.pods.filter(({ metadata }) => metadata.name === "new");
  assert.deepEqual(await world.pass(), {});
  assert.deepEqual(names(world), { accounts: ["builder"], secrets: ["new-key"], bound: ["builder"] });
  assert.equal(world.events.filter((event) => event.startsWith("Normal Deleted")).length, 3);
  await world.pass();
  assert.ok(!world.done.includes("list Pod"), "with nothing left, nobody looks for pods");
});

Deno.test("a Secret that pods still use does not keep a ServiceAccount that they do not", async () => {
  const world = await renamed();
  world.rollOut();
  world.pod("old", {
    serviceAccountName: "builder",
    volumes: [{ name: "k", secret: { secretName: "prov-provisioner-key" } }],
  });
  await world.pass();
  assert.deepEqual(names(world), { ...both, accounts: ["builder"], bound: ["builder"] });
});

Deno.test("pods that are over use nothing", async () => {
  const world = await renamed();
  world.rollOut();
  world.pod("failed", { serviceAccountName: "prov-provisioner" }, "Failed");
  world.pod("done", { serviceAccountName: "prov-provisioner" }, "Succeeded");
  await world.pass();
  assert.deepEqual(names(world).accounts, ["builder"]);
});

Deno.test("where pods cannot be listed, nothing is taken away", async () => {
  const world = await renamed();
  world.rollOut();
  world.refuse = (verb, kind) => verb === "list" && kind === "Pod" ? refused(503) : undefined;
  await assert.rejects(world.pass(), /Leftovers/);
  assert.deepEqual(names(world), both);
});

Deno.test("Secrets of others, of other provisioners and those that pods name stay", async () => {
  const world = await renamed();
  const other = { ...world.object, metadata: { ...world.object.metadata, name: "other", uid: "other" } };
  world.child(Secrets, "other-key", {}, other);
  world.child(Secrets, "mine", { metadata: { name: "mine", namespace: "a", uid: "m" } });
  world.child(Secrets, "named");
  world.change({
    extraEnv: [{ name: "TOKEN", valueFrom: { secretKeyRef: { name: "named", key: "k" } } }],
  });
  world.visited({ generation: 3 });
  await world.pass();
  world.rollOut();
  await world.pass();
  assert.deepEqual(names(world).secrets, ["new-key", "other-key", "mine", "named"]);
});

Deno.test("a key that the user brings makes that of the operator's Secret a leftover", async () => {
  const world = new World();
  world.visited();
  await world.pass();
  world.child(Secrets, "prov-provisioner-key");
  world.change({ key: { existingSecret: "brought" } });
  world.visited({ generation: 2 });
  await world.pass();
  world.rollOut();
  await world.pass();
  assert.deepEqual(world.secrets.list(), []);
  assert.deepEqual(world.status.secretRef, { name: "brought", key: "key" });
});
