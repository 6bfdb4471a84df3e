import assert from "node:assert/strict";
import { seededRandom } from "../../telemetry/testing/random.ts";
import { secretAnnotations } from "./hashes.ts";
import { World } from "./testing/world.ts";

const HOUR_MS = 3_600_000;

/** A provisioner with its key, rolled. */
async function settledWorld(seed = 1): Promise<World> {
  const world = new World(seededRandom(seed));
  await world.passes();
  world.rollOut();
  world.now += 1_000;
  world.refreshListing();
  await world.passes();
  assert.deepEqual(world.unfinished(), []);
  return world;
}

/** What Coder was asked for since `from`, as `POST`, `DELETE`. */
function callsSince(world: World, from: number): string[] {
  return world.coders.a.calls.slice(from).map(({ method, end }) =>
    end === "done" ? method : `${method} ${end}`
  );
}

/** Passes, rollouts and lists, until it is done. */
async function finish(world: World): Promise<void> {
  for (let i = 0; i < 15; i++) {
    await world.passes();
    world.rollOut();
    world.now += 60_000;
    world.refreshListing();
  }
  assert.deepEqual([...world.violations, ...world.unfinished()], []);
}

Deno.test("a key whose making got no answer is looked for until a late request cannot arrive any more", async () => {
  const world = await settledWorld();
  world.spec.tags = { region: "elsewhere" };
  world.coder.faults.push("500");
  await world.passes();
  const [first] = world.record.intents;
  assert.equal(first?.step, "Undoing");
  world.now += 6_000;
  const from = world.coders.a.calls.length;
  await world.passes();
  assert.deepEqual(callsSince(world, from), ["DELETE", "POST"], "the next key does not wait for it");
  assert.ok(world.record.intents.some(({ name, step }) => name === first?.name && step === "Undoing"));
  assert.equal(world.outcome?.lookAgainMs, 24_000);
  // There it is, and the provisioner belongs elsewhere by now: no list would show it.
  world.coders.a.add(first?.name ?? "", "org-default", { region: "elsewhere" });
  world.spec.coder = "b";
  world.now += 24_000;
  await finish(world);
  assert.ok(callsSince(world, from).filter((call) => call === "DELETE").length >= 3);
});

Deno.test("several keys whose making got no answer cost one list", async () => {
  const world = await settledWorld();
  world.spec.tags = { region: "elsewhere" };
  world.coder.faults.push("500");
  await world.passes();
  world.now += 6_000;
  // The first one's deletion, then the making of the second.
  world.coder.faults.push("404", "500");
  await world.passes();
  assert.equal(world.record.intents.filter(({ step }) => step === "Undoing").length, 2);
  world.now += 60_000;
  const from = world.coders.a.calls.length;
  await world.passes();
  assert.deepEqual(callsSince(world, from), ["DELETE", "GET", "DELETE", "POST"]);
  await finish(world);
});

Deno.test("a list that was asked for while a key was deleted is older than that: it makes no key known", async () => {
  const world = await settledWorld();
  world.spec.tags = { region: "elsewhere" };
  await world.passes();
  world.rollOut();
  world.callMs = 100;
  // Another provisioner's visit asks while the call is under way.
  world.now += 50;
  world.refreshListing();
  world.now -= 50;
  const from = world.coder.calls.length;
  await world.passes();
  world.now += 1_000;
  await world.passes();
  assert.deepEqual(callsSince(world, from), ["DELETE"]);
  assert.ok(!world.events.includes("KeyFound"), world.events.join());
  assert.deepEqual(world.unfinished(), []);
});

Deno.test("the name of the first key is on record before Coder hears of it", async () => {
  const world = new World(seededRandom(1));
  await world.pass();
  assert.equal(world.outcome?.again, true);
  assert.deepEqual(world.coder.calls, []);
  assert.deepEqual(world.record.intents.map(({ step }) => step), ["Making"]);
  assert.equal(world.outcome.key.ready, false);
  assert.equal(world.outcome.secret.reason, "SecretMissing");
  assert.equal(world.outcome.checksum, undefined);
  await world.pass();
  assert.equal(world.outcome.key.reason, "ProvisionerKeyReady");
  assert.equal(world.outcome.secret.reason, "SecretReady");
  assert.deepEqual(world.record.intents, []);
  assert.equal(world.record.present?.id, undefined);
  assert.equal(world.outcome.wantsListing, true);
  world.now += 1_000;
  world.refreshListing();
  await world.pass();
  assert.equal(world.record.present?.id, world.coder.keys[0]?.id);
  assert.equal(world.writes, 3);
  assert.deepEqual(world.events, ["KeyCreated"]);
});

Deno.test("in the steady state nothing is asked for and nothing is written", async () => {
  const world = await settledWorld();
  const { writes, coder: { calls: { length } } } = world;
  for (let i = 0; i < 5; i++) {
    world.now += HOUR_MS;
    world.refreshListing();
    await world.pass();
  }
  assert.deepEqual([world.writes, world.coder.calls.length], [writes, length]);
  assert.equal(world.outcome?.lookAgainMs, undefined);
});

Deno.test("a provisioner of the Go operator is taken over without a call, a write of the Secret or a new pod", async () => {
  const world = new World(seededRandom(1));
  world.takeOver();
  const secret = structuredClone(world.managed);
  const pods = [...world.pods];
  const { template } = world;
  await world.passes();
  world.refreshListing();
  await world.passes();
  assert.deepEqual(world.coder.calls, []);
  assert.deepEqual(world.managed, secret);
  assert.equal(world.template, template);
  assert.deepEqual(world.pods, pods);
  assert.equal(world.outcome?.key.ready, true);
  assert.equal(world.status.tagsHash?.length, 8);
  assert.ok(world.record.present?.createdAt);
});

Deno.test("a plain key of the Go operator rotates into one with a suffix, and is deleted then", async () => {
  const world = new World(seededRandom(1));
  world.takeOver();
  world.spec.tags = { region: "us" };
  await finish(world);
  assert.match(world.coder.keys[0]?.name ?? "", /^prov-/);
  assert.deepEqual(callsSince(world, 0), ["POST", "DELETE"]);
});

Deno.test("a changed address of the control plane rotates nothing", async () => {
  const world = await settledWorld();
  const { name } = world.record.present!;
  world.urls.a = "https://elsewhere";
  await world.passes();
  assert.equal(world.record.present?.name, name);
  assert.equal(world.status.controlPlaneURL, "https://elsewhere");
  assert.deepEqual(callsSince(world, 1), []);
});

Deno.test("changed tags: the old key works until every pod has the new one", async () => {
  const world = await settledWorld();
  const [old] = world.coder.keys;
  world.spec.tags = { region: "us" };
  await world.passes();
  assert.deepEqual(callsSince(world, 1), ["POST"]);
  assert.deepEqual(world.record.intents.map(({ step, name }) => [step, name]), [["Retiring", old!.name]]);
  assert.equal(world.outcome?.key.ready, true);
  assert.match(world.outcome.key.message, new RegExp(`nothing uses it: ${old!.name}`));
  while (world.rolledWith === undefined || world.pods.some(({ value }) => value === old!.value)) {
    await world.pass();
    assert.ok(world.coder.keys.includes(old!), "the old key is there while pods may use it");
    world.roll();
  }
  await world.pass();
  assert.deepEqual(callsSince(world, 1), ["POST", "DELETE"]);
  assert.deepEqual(world.unfinished(), []);
});

Deno.test("a pod that is still ending keeps the old key alive", async () => {
  const world = await settledWorld();
  world.spec.tags = {};
  await world.passes();
  world.rollOut();
  world.pods.push({ ...world.pods[0]!, checksum: "old", ending: true });
  await world.pass();
  assert.deepEqual(callsSince(world, 1), ["POST"]);
  world.pods.pop();
  await world.pass();
  assert.deepEqual(callsSince(world, 1), ["POST", "DELETE"]);
});

Deno.test("another organization, name or control plane leads to a new key, and the old one is deleted where it is", async () => {
  const world = await settledWorld();
  world.spec.organization = "eng";
  await finish(world);
  world.spec.baseName = "other";
  await finish(world);
  world.spec.coder = "b";
  await finish(world);
  assert.deepEqual(callsSince(world, 1), ["POST", "DELETE", "POST", "DELETE", "DELETE"]);
  assert.deepEqual(world.coders.a.keys, []);
  assert.match(world.coders.b.keys[0]?.name ?? "", /^other-/);
});

Deno.test("a change that is taken back before the new key is there leaves the old one in use", async () => {
  const world = await settledWorld();
  const before = world.record.present;
  world.spec.tags = { region: "us" };
  world.coder.faults.push("429", "500 after the deed", "429");
  await world.passes();
  assert.equal(world.outcome?.key.reason, "RateLimited");
  world.spec.tags = { region: "eu" };
  await finish(world);
  assert.equal(world.record.present?.name, before?.name);
});

Deno.test("a key that somebody deleted in Coder is replaced", async () => {
  const world = await settledWorld();
  world.coder.keys.length = 0;
  world.now += HOUR_MS;
  await world.passes();
  assert.equal(world.outcome?.key.ready, true, "an old list says nothing new");
  world.refreshListing();
  world.now += 1;
  await world.pass();
  assert.equal(world.outcome?.key.reason, "KeyGone");
  assert.equal(world.outcome?.secret.reason, "KeyGone");
  await finish(world);
});

Deno.test("a key that is another one in Coder, or has other tags there, is replaced", async () => {
  for (const change of ["id", "tags"] as const) {
    const world = await settledWorld();
    const [key] = world.coder.keys;
    if (change === "id") key!.id = "another";
    else key!.tags = { region: "mars" };
    world.now += HOUR_MS;
    world.refreshListing();
    await world.passes();
    assert.notEqual(world.record.present?.name, key!.name, change);
    await finish(world);
  }
});

Deno.test("an edited Secret is not rolled out; a new key is made, and the old one is deleted after the rollout", async () => {
  const world = await settledWorld();
  const { template } = world;
  world.now += HOUR_MS;
  world.managed.value = "junk";
  await world.pass();
  assert.equal(world.outcome?.checksum, undefined);
  assert.equal(world.template, template);
  assert.equal(world.outcome?.secret.reason, "SecretChanged");
  await finish(world);
});

Deno.test("a deleted Secret is made again with a new key", async () => {
  const world = await settledWorld();
  world.now += HOUR_MS;
  world.managed.value = undefined;
  world.managed.annotations = {};
  await finish(world);
  assert.deepEqual(callsSince(world, 1), ["POST", "DELETE"]);
});

Deno.test("the Secret of another provisioner, copied with its annotations, is not taken for ours", async () => {
  const world = await settledWorld();
  world.now += HOUR_MS;
  const theirs = world.coder.add("prov-abcdef-ghijk", "org-default", { region: "eu" });
  world.managed.value = theirs.value;
  world.managed.annotations = secretAnnotations(theirs.name, theirs.value);
  world.refreshListing();
  await finish(world);
  assert.ok(world.coder.keys.includes(theirs));
});

Deno.test("annotations that were taken off the Secret are no reason for a new key", async () => {
  const world = await settledWorld();
  world.now += HOUR_MS;
  world.managed.annotations = {};
  await world.passes();
  assert.equal(world.outcome?.key.ready, true);
  assert.deepEqual(callsSince(world, 1), []);
});

Deno.test("who fights over the Secret gets no more than a new key every 30 seconds", async () => {
  const world = await settledWorld();
  const { length } = world.coder.calls;
  const start = world.now;
  for (; world.now < start + 120_000; world.now += 1_000) {
    world.managed.value = "junk";
    await world.passes();
    world.rollOut();
  }
  const made = callsSince(world, length).filter((call) => call === "POST");
  assert.ok(made.length >= 3 && made.length <= 5, String(made.length));
});

Deno.test("a request rotates once; the next value rotates again", async () => {
  const world = await settledWorld();
  world.spec.rotate = "1";
  await world.pass();
  assert.equal(world.outcome?.key.reason, "Rotating");
  assert.equal(world.outcome?.key.ready, true);
  await finish(world);
  assert.equal(callsSince(world, 1).length, 2);
  world.spec.rotate = "2";
  await finish(world);
  assert.equal(callsSince(world, 1).length, 4);
});

Deno.test("a request that was taken back and made again with the same value counts again", async () => {
  const world = await settledWorld();
  world.spec.rotate = "now";
  await finish(world);
  world.spec.rotate = undefined;
  await finish(world);
  world.spec.rotate = "now";
  await finish(world);
  assert.equal(callsSince(world, 1).length, 4);
});

Deno.test("a request that came with the provisioner is answered by its first key", async () => {
  const world = new World(seededRandom(1));
  world.spec.rotate = "at birth";
  await finish(world);
  assert.deepEqual(callsSince(world, 0), ["POST"]);
});

Deno.test("a key that has reached its age is rotated, and the next pass is due in time", async () => {
  const world = await settledWorld();
  world.spec.rotateAfterMs = 24 * HOUR_MS;
  await world.passes();
  const left = world.outcome?.lookAgainMs ?? 0;
  assert.ok(left > 23 * HOUR_MS && left <= 24 * HOUR_MS, String(left));
  world.now += left;
  await world.pass();
  assert.equal(world.outcome?.key.reason, "Rotating");
  await finish(world);
  assert.deepEqual(callsSince(world, 1), ["POST", "DELETE"]);
});

Deno.test("a rotation that can wait does so until the one before it is complete", async () => {
  const world = await settledWorld();
  world.spec.rotate = "1";
  await world.passes();
  world.spec.rotate = "2";
  await world.passes();
  assert.deepEqual(callsSince(world, 1), ["POST"]);
  assert.match(world.outcome?.key.message ?? "", /because somebody asked for it; it waits: pods still run/);
  await finish(world);
  assert.deepEqual(callsSince(world, 1), ["POST", "DELETE", "POST", "DELETE"]);
});

Deno.test("changes of the spec during a rollout that hangs pile up five keys, then one every ten minutes", async () => {
  const world = await settledWorld();
  const retiring = () => world.record.intents.filter(({ step }) => step === "Retiring").length;
  for (let i = 0; i < 20; i++) {
    world.spec.tags = { turn: String(i) };
    world.now += 1_000;
    await world.passes();
  }
  assert.equal(retiring(), 5);
  assert.equal(world.outcome?.key.reason, "RolloutAwaited");
  world.now += world.outcome?.lookAgainMs ?? 0;
  await world.passes();
  assert.equal(retiring(), 6);
  await finish(world);
});

Deno.test("without the entitlement nothing is asked for, and the key in use stays", async () => {
  const world = await settledWorld();
  world.coder.entitled = false;
  world.spec.tags = {};
  await world.passes();
  assert.equal(world.outcome?.key.reason, "NotEntitled");
  assert.deepEqual(callsSince(world, 1), []);
  assert.ok(world.outcome?.checksum);
  world.coder.entitled = true;
  await finish(world);
});

Deno.test("while the control plane is away nothing is asked for; then all goes on", async () => {
  const world = await settledWorld();
  world.closed.a = true;
  world.spec.tags = {};
  await world.passes();
  assert.equal(world.outcome?.key.reason, "ControlPlaneUnavailable");
  assert.match(world.outcome.key.message, /its tags have changed; it waits: Coder is not ready/);
  world.closed.a = false;
  await finish(world);
});

Deno.test("where nobody knows what the licence allows, that is not told as a licence that does not", async () => {
  const world = await settledWorld();
  world.coder.entitled = false;
  world.closed.a = true;
  world.spec.tags = {};
  await world.passes();
  assert.equal(world.outcome?.key.reason, "ControlPlaneUnavailable");
  assert.match(world.outcome.key.message, /it waits: Coder is not ready/);
});

Deno.test("an old key in a Coder that is gone for good is given up, and told", async () => {
  const world = await settledWorld();
  world.spec.coder = "b";
  world.gone.a = true;
  await world.passes();
  world.rollOut();
  await world.passes();
  assert.deepEqual(world.record.intents, []);
  assert.deepEqual(world.events, ["KeyCreated", "KeyCreated", "KeyAbandoned"]);
});

Deno.test("an old key in a Coder that is away is tried again later, and holds up nothing else", async () => {
  const world = await settledWorld();
  world.spec.coder = "b";
  world.closed.a = true;
  await world.passes();
  world.rollOut();
  await world.passes();
  assert.equal(world.outcome?.key.ready, true);
  assert.equal(world.outcome?.lookAgainMs, 300_000);
  world.spec.tags = {};
  await world.passes();
  world.rollOut();
  await world.passes();
  assert.equal(world.coders.b.keys.length, 1);
  world.closed.a = false;
  await finish(world);
});

Deno.test("a Secret of somebody else is left alone", async () => {
  const world = new World(seededRandom(1));
  world.foreign = true;
  await world.passes();
  assert.equal(world.outcome?.key.reason, "SecretForeign");
  assert.equal(world.outcome?.secret.message, "it belongs to somebody else");
  assert.deepEqual([world.coder.calls, world.writes], [[], 0]);
  world.foreign = false;
  await finish(world);
});

Deno.test("a Secret that the user brings is used, never written, and no key is made", async () => {
  const world = new World(seededRandom(1));
  world.spec.existingSecret = true;
  await world.passes();
  assert.equal(world.outcome?.key.reason, "SecretMissing");
  assert.match(world.outcome.key.message, /existingSecret does not exist/);
  world.byo.value = world.coder.add("mine", "org-default").value;
  await finish(world);
  assert.equal(world.outcome.key.reason, "ExistingSecret");
  assert.equal(world.outcome.wantsListing, false);
  assert.deepEqual([world.coder.calls, world.writes], [[], 0]);
  world.byo.value = world.coder.add("mine-2", "org-default").value;
  await finish(world);
  assert.deepEqual(world.coder.calls, []);
});

Deno.test("who brings a Secret later gets rid of the operator's key once pods have the other", async () => {
  const world = await settledWorld();
  world.spec.existingSecret = true;
  world.byo.value = world.coder.add("mine", "org-default").value;
  await world.passes();
  assert.deepEqual(callsSince(world, 1), []);
  await finish(world);
  assert.deepEqual(callsSince(world, 1), ["DELETE"]);
  world.spec.existingSecret = false;
  await finish(world);
  assert.deepEqual(callsSince(world, 1), ["DELETE", "POST"]);
});

Deno.test("the operator's own Secret, brought as an existing one, keeps its key", async () => {
  const world = await settledWorld();
  const [key] = world.coder.keys;
  world.spec.existingSecret = true;
  Object.assign(world.byo, structuredClone(world.managed));
  await world.passes();
  world.rollOut();
  await world.passes();
  assert.ok(world.coder.keys.includes(key!));
  assert.equal(world.outcome?.key.ready, true);
});

Deno.test("a lost status is found again from Secret and list, strays included, without a new key", async () => {
  const world = await settledWorld();
  const { name } = world.record.present!;
  const stray = world.coder.add(name.replace(/.$/, name.endsWith("a") ? "b" : "a"), "org-default", {});
  world.recordLost = true;
  world.status = world.before = {};
  world.listings.clear();
  await world.pass();
  assert.equal(world.outcome?.key.reason, "ListingAwaited");
  assert.deepEqual(callsSince(world, 1), []);
  await finish(world);
  assert.equal(world.record.present?.name, name);
  assert.equal(world.coder.keys.includes(stray), false);
  assert.ok(world.events.includes("KeyFound"));
  assert.deepEqual(callsSince(world, 1), ["DELETE"]);
});

Deno.test("a cache that lags behind leads to no call", async () => {
  const world = new World(seededRandom(1));
  await world.pass();
  const making = world.status;
  await world.pass();
  world.before = making;
  world.managed.value = undefined;
  world.managed.annotations = {};
  world.now += HOUR_MS;
  await world.pass({ stale: true });
  assert.deepEqual(callsSince(world, 1), []);
  assert.equal(world.outcome?.lookAgainMs, 1_000);
});

Deno.test("a provisioner that is being deleted gets no new key", async () => {
  const world = new World(seededRandom(1));
  await world.pass();
  world.deleting = true;
  await world.pass();
  assert.deepEqual(world.coder.calls, []);
});

Deno.test("another deployment than expected gets no key", async () => {
  const world = await settledWorld();
  const { now } = world;
  world.spec.tags = {};
  Object.defineProperty(world, "home", {
    value: (coder: string) => ({ namespace: "ns", name: coder, deploymentId: "deployment-c" }),
  });
  world.now = now;
  await world.passes();
  assert.equal(world.outcome?.key.reason, "ControlPlaneUnavailable");
  assert.match(world.outcome.key.message, /another Coder deployment than expected/);
  assert.deepEqual(callsSince(world, 1), []);
});
