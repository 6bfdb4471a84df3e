import assert from "node:assert/strict";
import { type ClientRig, startClientRig } from "../../../tests/fake-coder/client_rig.ts";
import { fakeLicense, refuse } from "../../../tests/fake-coder/mod.ts";
import { createListings } from "../../inventory/mod.ts";
import { ClosedWayError } from "./closed_way.ts";
import { listedCalls } from "./listed_calls.ts";
import type { ProxyMemory } from "./memory.ts";

const LIST = "GET /api/v2/workspaceproxies";
const FACE = { name: "eu", displayName: "EU", icon: "/eu.svg" };
const signal = new AbortController().signal;

/** Two proxies of one Coder, on time that goes on when somebody sleeps. */
class World implements AsyncDisposable {
  ms = 1_000_000;
  slept: number[] = [];
  readonly listings = createListings({
    clock: { now: () => this.ms },
    wallTime: () => this.ms,
    random: () => 0.5,
  });
  constructor(readonly coder: ClientRig) {}

  static async start(): Promise<World> {
    const coder = await startClientRig();
    await coder.client.licenses.add(fakeLicense());
    return new World(coder);
  }

  calls(
    memory: ProxyMemory = { registration: {} },
    listings: Pick<World["listings"], "proxies"> = this.listings,
  ) {
    return listedCalls("a/coder", { client: this.coder.client, credentials: "c" }, memory, {
      listings,
      now: () => new Date(this.ms),
      sleep: (ms) => {
        this.slept.push(ms);
        this.ms += ms;
        return Promise.resolve();
      },
    });
  }

  lists(since = 0): number {
    return this.coder.fake.requests.slice(since).filter(({ method, route }) => `${method} ${route}` === LIST)
      .length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.coder[Symbol.asyncDispose]();
  }
}

Deno.test("proxies of one Coder share a list, and each is told when to come back", async () => {
  await using world = await World.start();
  const memory: ProxyMemory = { registration: {} };
  const [one, two] = [world.calls(memory), world.calls()];
  await Promise.all([one.list({ fresh: false, signal }), two.list({ fresh: false, signal })]);
  world.ms += 30_000;
  await one.list({ fresh: false, signal });
  assert.equal(world.lists(), 1);
  assert.equal(memory.lookAgainMs, 30_000);
});

Deno.test("a fresh list is no older than the question, and waited for if need be", async () => {
  await using world = await World.start();
  const calls = world.calls();
  await calls.list({ fresh: false, signal });
  world.ms += 500;
  await calls.list({ fresh: true, signal });
  assert.equal(world.lists(), 2);
  assert.deepEqual(world.slept, [1_500], "two seconds after the last one");
  world.ms += 5_000;
  await calls.list({ fresh: true, signal });
  assert.equal(world.lists(), 3);
  assert.equal(world.slept.length, 1, "one request is enough");
});

Deno.test("after a change of ours, older lists say nothing, also where the answer was lost", async () => {
  for (const lost of [false, true]) {
    await using world = await World.start();
    const calls = world.calls();
    await calls.list({ fresh: false, signal });
    world.ms += 5_000;
    if (lost) world.coder.fake.faults.add({ method: "POST", times: 1, action: { do: "loseAnswer" } });
    await calls.create(FACE, { signal }).catch((error) => assert.ok(lost, String(error)));
    world.ms++;
    const proxies = await calls.list({ fresh: false, signal });
    assert.deepEqual(proxies.map(({ name }) => name), ["primary", "eu"]);
    assert.equal(world.lists(), 2);
  }
});

Deno.test("other calls go to Coder as they are", async () => {
  await using world = await World.start();
  const memory: ProxyMemory = { registration: {} };
  const calls = world.calls(memory);
  const { proxy } = await calls.create(FACE, { signal });
  await calls.update(proxy.id, { ...FACE, displayName: "Europe" }, { signal });
  assert.equal(world.coder.fake.state.proxies[0]?.display_name, "Europe");
  assert.equal(await calls.maySee({ signal }), true);
  world.ms += 7;
  assert.equal(await calls.delete(proxy.id, { signal }), true);
  assert.equal(memory.changedAt, world.ms);
});

Deno.test("what Coder refuses is thrown, with the time to come back", async () => {
  await using world = await World.start();
  world.coder.fake.faults.add({ times: Infinity, action: { do: "answer", reply: refuse(502, "away") } });
  const memory: ProxyMemory = { registration: {} };
  await assert.rejects(world.calls(memory).list({ fresh: false, signal }), /502/);
  assert.equal(memory.lookAgainMs, 5_000);
});

Deno.test("a list whose turn has not come is good as long as nothing was changed", async () => {
  await using world = await World.start();
  const memory: ProxyMemory = { registration: {} };
  const old = { proxies: [], takenAt: 0 };
  const busy = (lookAgainMs: number) => ({
    proxies: () => Promise.resolve({ latest: old, isNewEnough: false, lookAgainMs }),
  });
  assert.deepEqual(await world.calls(memory, busy(40_000)).list({ fresh: false, signal }), []);
  assert.equal(memory.lookAgainMs, 40_000);
  memory.changedAt = world.ms;
  for (const fresh of [false, true]) {
    await assert.rejects(
      world.calls(memory, busy(40_000)).list({ fresh, signal }),
      (error) => error instanceof ClosedWayError && error.reason === "WaitingForList",
    );
  }
  const later = { proxies: [], takenAt: world.ms + 1 };
  const awaited = {
    proxies: () => Promise.resolve({ latest: later, isNewEnough: false, lookAgainMs: 40_000 }),
  };
  assert.deepEqual(await world.calls(memory, awaited).list({ fresh: false, signal }), []);
  const begin = world.ms;
  await assert.rejects(world.calls(memory, busy(3_000)).list({ fresh: true, signal }), ClosedWayError);
  assert.ok(world.ms - begin <= 10_000);
});

Deno.test("who waits for a list stops with their visit", async () => {
  await using world = await World.start();
  const abort = new AbortController();
  const never = {
    proxies: () => {
      abort.abort(new Error("the visit ends"));
      return Promise.resolve({ latest: undefined, isNewEnough: false, lookAgainMs: 1 });
    },
  };
  await assert.rejects(
    world.calls(undefined, never).list({ fresh: true, signal: abort.signal }),
    /the visit ends/,
  );
  await assert.rejects(
    world.calls(undefined, {
      proxies: () => Promise.resolve({ latest: undefined, isNewEnough: false, lookAgainMs: 90_000 }),
    }).list({ fresh: false }),
    ClosedWayError,
  );
});
