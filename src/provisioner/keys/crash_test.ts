import assert from "node:assert/strict";
import { seededRandom } from "../../telemetry/testing/random.ts";
import { CALL_FAULTS, type CallFault } from "./testing/model_coder.ts";
import { World } from "./testing/world.ts";

const HOUR_MS = 3_600_000;

/** What makes a new key necessary. */
const REASONS: Readonly<Record<string, (world: World) => void>> = {
  "its first key": () => {},
  "changed tags": (world) => void (world.spec.tags = { region: "us" }),
  "another organization": (world) => void (world.spec.organization = "eng"),
  "another control plane": (world) => void (world.spec.coder = "b"),
  "a request": (world) => void (world.spec.rotate = "now"),
  "its age": (world) => {
    world.now += HOUR_MS;
    world.spec.rotateAfterMs = HOUR_MS;
  },
  "a key that was deleted in Coder": (world) => {
    world.damaged = true;
    world.coder.keys.length = 0;
    world.now += HOUR_MS;
    world.refreshListing();
    world.now += 1;
  },
  "a deleted Secret": (world) => {
    world.damaged = true;
    world.managed.value = undefined;
    world.managed.annotations = {};
    world.now += HOUR_MS;
  },
};

async function prepared(reason: string): Promise<World> {
  const world = new World(seededRandom(3));
  if (reason !== "its first key") {
    await world.passes();
    world.rollOut();
    world.now += 1_000;
    world.refreshListing();
    await world.passes();
  }
  REASONS[reason]!(world);
  return world;
}

/** Passes and rollouts until all is done; everything that must never happen is looked for. */
async function heal(world: World, what: string): Promise<void> {
  for (let i = 0; i < 12; i++) {
    await world.passes();
    if (world.spec.rotateAfterMs !== undefined && world.outcome?.key.ready) {
      world.spec.rotateAfterMs = undefined;
    }
    if (world.isHealthy && world.outcome?.key.ready) world.damaged = false;
    assert.deepEqual([...world.violations, ...world.wrong()], [], what);
    world.rollOut();
    world.now += 60_000;
    world.refreshListing();
  }
  assert.deepEqual(world.unfinished(), [], what);
}

for (const reason of Object.keys(REASONS)) {
  Deno.test(`a crash at any point of a rotation because of ${reason} is healed`, async () => {
    let crashes = 0;
    for (let pass = 1; pass <= 3; pass++) {
      for (let call = 1; call <= 8; call++) {
        for (const done of [false, true]) {
          const world = await prepared(reason);
          for (let i = 1; i < pass; i++) {
            await world.pass();
            world.rollOut();
          }
          if (!await world.pass({ crash: { call, done } })) crashes++;
          assert.deepEqual(world.wrong(), []);
          await heal(world, `pass ${pass}, call ${call}, done ${done}`);
        }
      }
    }
    assert.ok(crashes >= 16, `only ${crashes} crashes`);
  });
}

for (const fault of CALL_FAULTS) {
  Deno.test(`a rotation in which Coder's answer is "${fault}" ends well`, async () => {
    for (let skip = 0; skip < 3; skip++) {
      const world = await prepared("changed tags");
      // At the new key's making, at the deletion of the old one, or later on.
      for (let i = 0; i < skip; i++) {
        await world.passes();
        world.rollOut();
      }
      world.coder.faults.push(fault);
      await heal(world, `after ${skip}`);
    }
  });
}

for (const fault of ["refused", "answer lost"] as const) {
  Deno.test(`a rotation in which the write of the Secret ends in "${fault}" ends well`, async () => {
    const world = await prepared("changed tags");
    world.secretFaults.push(fault);
    await world.passes();
    assert.deepEqual(
      world.record.intents.map(({ step }) => step),
      fault === "refused" ? ["Undoing"] : ["Retiring"],
    );
    await heal(world, fault);
  });
}

Deno.test("where neither the write of the Secret nor a look at it succeeds, the next pass sees what has become of it", async () => {
  for (const fault of ["refused", "answer lost"] as const) {
    const world = await prepared("changed tags");
    await world.pass();
    world.secretFaults.push(fault);
    world.unreadable = 1;
    await world.pass();
    assert.deepEqual(world.record.intents.map(({ step }) => step), ["Making"]);
    await heal(world, fault);
  }
});

Deno.test("a Secret that is no longer wanted may hold the key that a crash left on record: it is deleted last", async () => {
  const world = await prepared("changed tags");
  await world.pass();
  await world.pass({ crash: { call: 4, done: true } });
  const made = world.record.intents[0]!;
  assert.equal(made.step, "Making");
  assert.ok(world.managed.annotations["coder.com/provisioner-key-name"] === made.name);
  world.restartContainer();
  world.spec.existingSecret = true;
  world.byo.value = world.coder.add("mine", "org-default").value;
  await world.passes();
  assert.ok(world.coder.find("default", made.name), "pods use it");
  await heal(world, "its own Secret");
});

Deno.test("a change of the spec does not wait for a rollout that only the next key can end", async () => {
  const world = await prepared("its first key");
  for (let i = 0; i < 8; i++) {
    world.spec.tags = { turn: String(i) };
    await world.passes();
  }
  world.damaged = true;
  world.managed.value = undefined;
  world.spec.coder = "b";
  await heal(world, "the Secret is gone, and the control plane is another one");
});

Deno.test("two deployments that refuse at once are asked once each", async () => {
  const world = await prepared("its first key");
  await world.passes();
  world.rollOut();
  world.spec.tags = {};
  await world.passes();
  world.spec.coder = "b";
  await world.passes();
  world.spec.tags = { region: "us" };
  await world.passes();
  world.rollOut();
  const before = world.coders.a.calls.length + world.coders.b.calls.length;
  world.coders.a.faults.push("429");
  world.coders.b.faults.push("429");
  await world.passes();
  assert.equal(world.coders.a.calls.length + world.coders.b.calls.length - before, 2);
  assert.equal(world.record.holds.length, 2);
  await heal(world, "two refusals");
});

/** Passes when they are due, and a restless user, for 35 s. Returns the calls. */
async function callsIn35s(fault: CallFault): Promise<number> {
  const world = await prepared("its first key");
  world.coder.faults.push(...Array.from({ length: 1_000 }, () => fault));
  const end = world.now + 35_000;
  for (; world.now < end; world.now += 250) {
    await world.passes();
    if (world.now % 3_000 === 0) world.spec.tags = { now: String(world.now) };
    if (world.now % 7_000 === 0) await world.pass({ stale: true });
  }
  return world.coder.calls.length;
}

Deno.test("a Coder that refuses gets at most four requests about one provisioner's keys in 35 s", async () => {
  for (const fault of ["429", "429 with Retry-After", "500", "connection refused", "409"] as const) {
    const calls = await callsIn35s(fault);
    assert.ok(calls >= 1 && calls <= 4, `${fault}: ${calls}`);
  }
});

Deno.test("Retry-After is honoured, and is longer than the wait of our own", async () => {
  const world = await prepared("its first key");
  world.coder.faults.push("429 with Retry-After");
  await world.passes();
  assert.equal(world.outcome?.key.reason, "RateLimited");
  assert.equal(world.outcome?.lookAgainMs, 60_000);
  world.now += 59_999;
  await world.passes();
  assert.equal(world.coder.calls.length, 1);
  world.now += 1;
  await world.passes();
  assert.equal(world.coder.calls.length, 2);
  assert.deepEqual(world.record.holds, []);
});

Deno.test("a pass of a Coder that refuses writes the status once", async () => {
  const world = await prepared("its first key");
  await world.pass();
  world.coder.faults.push("429");
  const { writes } = world;
  await world.pass();
  assert.equal(world.writes, writes + 1);
  for (let i = 0; i < 20; i++) await world.pass();
  assert.equal(world.writes, writes + 1);
});

Deno.test("after a refusal that only a change can mend, the change is tried at once", async () => {
  const world = await prepared("its first key");
  world.spec.organization = "no-such";
  await world.passes();
  assert.equal(world.outcome?.key.reason, "ProvisionerKeyFailed");
  assert.ok((world.outcome.lookAgainMs ?? 0) > 200_000);
  world.spec.organization = "eng";
  await heal(world, "another organization");

  const other = await prepared("its first key");
  other.coder.token++;
  await other.passes();
  assert.equal(other.record.holds[0]?.reason, "TokenRefused");
  other.tokens.a = other.coder.token;
  await heal(other, "another token");
});
