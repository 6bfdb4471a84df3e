import assert from "node:assert/strict";
import { seededRandom } from "../../telemetry/testing/random.ts";
import { CALL_FAULTS } from "./testing/model_coder.ts";
import { World } from "./testing/world.ts";

/** A provisioner with its key, rolled. */
async function running(): Promise<World> {
  const world = new World(seededRandom(2));
  await world.passes();
  world.rollOut();
  return world;
}

Deno.test("deletion deletes the key in Coder", async () => {
  const world = await running();
  const outcome = await world.revoke({ since: world.now });
  assert.equal(outcome?.done, true);
  assert.equal(outcome.reason, "Revoked");
  assert.deepEqual([outcome.lost, world.ownKeys, world.record.present], [[], [], undefined]);
  assert.deepEqual(outcome.events.map(({ reason }) => reason), ["KeyDeleted"]);
});

Deno.test("deletion in the midst of a rotation deletes every key, each with the credentials that made it", async () => {
  const world = await running();
  world.spec.coder = "b";
  await world.passes();
  world.spec.tags = {};
  await world.pass();
  assert.equal(world.ownKeys.length, 2);
  world.refreshListing();
  const since = world.now;
  let outcome = await world.revoke({ since });
  assert.deepEqual(world.ownKeys, []);
  assert.deepEqual([outcome?.done, outcome?.reason, outcome?.lookAgainMs], [false, "Revoking", 30_000]);
  assert.match(outcome?.message ?? "", /a request to make it may still be on its way/);
  world.now += 30_000;
  outcome = await world.revoke({ since });
  assert.equal(outcome?.done, true);
  assert.deepEqual(world.coders.a.calls.map(({ method }) => method), ["POST", "DELETE"]);
});

Deno.test("a key that is on no record is found in the list", async () => {
  const world = await running();
  world.now += 1_000;
  world.refreshListing();
  world.status = {};
  assert.equal((await world.revoke({ since: world.now }))?.done, true);
  assert.deepEqual(world.ownKeys, []);
});

Deno.test("a provisioner without a key is done at once", async () => {
  const world = new World(seededRandom(2));
  const outcome = await world.revoke({ since: world.now });
  assert.deepEqual([outcome?.done, outcome?.reason, world.coder.calls], [true, "Revoked", []]);
});

Deno.test("a Coder that is away gets time; then the key is given up, and told how to delete it", async () => {
  const world = await running();
  const since = world.now;
  world.closed.a = true;
  let outcome = await world.revoke({ since });
  assert.equal(outcome?.done, false);
  assert.equal(outcome?.reason, "ControlPlaneUnavailable");
  assert.equal(outcome?.lookAgainMs, 15_000);
  assert.match(
    outcome?.message ?? "",
    /still to be deleted in Coder: Coder is not ready\. Given up at 2026-01-\d\dT[\d:]+Z$/,
  );
  world.now = since + 595_000;
  outcome = await world.revoke({ since });
  assert.equal(outcome?.lookAgainMs, 5_000);
  world.now = since + 600_000;
  outcome = await world.revoke({ since });
  assert.equal(outcome?.done, true);
  assert.equal(outcome?.reason, "Abandoned");
  const [key] = world.ownKeys;
  assert.deepEqual(outcome?.lost, [
    { name: key!.name, organization: "default", address: "http://a", why: "Coder is not ready" },
  ]);
  assert.match(
    outcome?.events[0]?.message ?? "",
    new RegExp(`run: coder provisioner keys delete ${key!.name} --org default$`),
  );
});

Deno.test("where the control plane is gone for good, nobody waits", async () => {
  const world = await running();
  world.gone.a = true;
  const outcome = await world.revoke({ since: world.now });
  assert.deepEqual([outcome?.done, outcome?.reason], [true, "Abandoned"]);
  assert.equal(outcome?.lost[0]?.why, "control plane a is gone");
});

Deno.test("who asks to give up does not wait", async () => {
  const world = await running();
  world.closed.a = true;
  const outcome = await world.revoke({ since: world.now, giveUp: true });
  assert.deepEqual([outcome?.done, outcome?.lost.length], [true, 1]);
});

Deno.test("another deployment at the old address is not asked for a key that it never had", async () => {
  const world = await running();
  world.status = { ...world.status, key: { ...world.status.key, deploymentID: "another" } };
  const outcome = await world.revoke({ since: world.now });
  assert.equal(outcome?.lost[0]?.why, "another Coder deployment answers there now");
  assert.deepEqual(world.coder.calls.map(({ method }) => method), ["POST"]);
});

Deno.test("a Coder that refuses is asked again when it said, and once for all its keys", async () => {
  const world = await running();
  world.spec.tags = {};
  await world.passes();
  const since = world.now;
  world.coder.faults.push("429 with Retry-After");
  const { length } = world.coder.calls;
  let outcome = await world.revoke({ since });
  assert.deepEqual([outcome?.done, outcome?.reason, outcome?.lookAgainMs], [false, "RateLimited", 60_000]);
  assert.equal(world.coder.calls.length, length + 1);
  outcome = await world.revoke({ since });
  assert.equal(world.coder.calls.length, length + 1);
  world.now += 60_000;
  outcome = await world.revoke({ since });
  assert.equal(outcome?.done, true);
  assert.deepEqual(world.ownKeys, []);
});

Deno.test("a refusal to make a key holds up no deletion", async () => {
  const world = await running();
  world.spec.organization = "nobodys";
  await world.passes();
  assert.equal(world.outcome?.record.holds[0]?.reason, "OrganizationNotFound");
  const outcome = await world.revoke({ since: world.now });
  assert.equal(outcome?.done, true);
  assert.deepEqual(world.ownKeys, []);
});

Deno.test("a key that Coder says is not there, and lists, is not given up", async () => {
  const world = await running();
  const since = world.now;
  const { length } = world.coder.calls;
  world.coder.faults.push("404");
  const outcome = await world.revoke({ since });
  assert.deepEqual([outcome?.done, outcome?.reason], [false, "BadResponse"]);
  assert.match(outcome?.message ?? "", /lists provisioner key \S+, and does not find it to delete it/);
  assert.deepEqual(world.coder.calls.slice(length).map(({ method }) => method), ["DELETE", "GET"]);
  world.now += outcome?.lookAgainMs ?? 0;
  assert.equal((await world.revoke({ since }))?.done, true);
  assert.deepEqual(world.ownKeys, []);
});

Deno.test("an organization that is not found twice in a row is gone, and its keys with it", async () => {
  const world = await running();
  const since = world.now;
  world.coder.organizations.delete("default");
  world.coder.keys.length = 0;
  const outcome = await world.revoke({ since });
  assert.deepEqual([outcome?.done, outcome?.reason], [false, "OrganizationNotFound"]);
  world.now += outcome?.lookAgainMs ?? 0;
  assert.deepEqual((await world.revoke({ since }))?.done, true);
  assert.ok(world.now - since < 600_000);
});

for (const fault of CALL_FAULTS) {
  Deno.test(`a deletion in which Coder's answer is "${fault}" ends in time with nothing left`, async () => {
    const world = await running();
    const since = world.now;
    world.coder.faults.push(fault);
    for (let i = 0; i < 5; i++) {
      const outcome = await world.revoke({ since });
      if (outcome?.done) break;
      world.now += outcome?.lookAgainMs ?? 0;
    }
    assert.deepEqual(world.ownKeys, []);
    assert.ok(world.now - since < 600_000);
  });
}

Deno.test("a crash at any point of a deletion is healed", async () => {
  for (let call = 1; call <= 3; call++) {
    for (const done of [false, true]) {
      const world = await running();
      await world.revoke({ since: world.now, crash: { call, done } });
      assert.equal((await world.revoke({ since: world.now }))?.done, true);
      assert.deepEqual(world.ownKeys, []);
    }
  }
});

Deno.test("a name that Coder takes for one of its own is given up at once", async () => {
  const world = await running();
  world.coder.faults.push("400");
  const outcome = await world.revoke({ since: world.now });
  assert.deepEqual([outcome?.done, outcome?.lost[0]?.why], [true, "Coder answered 400"]);
});

Deno.test("while the limit runs, other keys are deleted", async () => {
  const world = await running();
  world.spec.coder = "b";
  await world.passes();
  world.closed.a = true;
  const outcome = await world.revoke({ since: world.now });
  assert.equal(outcome?.done, false);
  assert.deepEqual([world.coders.a.keys.length, world.coders.b.keys.length], [1, 0]);
  assert.deepEqual(world.record.intents.map(({ home }) => home.name), ["a"]);
});
