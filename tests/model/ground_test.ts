import assert from "node:assert/strict";
import { ConfigMaps, Secrets } from "../../src/api/kubernetes/resources.ts";
import { createController } from "../../src/reconciler/controller.ts";
import { watching } from "../../src/reconciler/source.ts";
import { keyOf } from "../../src/api/object.ts";
import { Ground } from "./ground.ts";
import type { Parts } from "./operator_process.ts";
import { putSecret, secretText } from "./world.ts";

const secret = { namespace: "ns", name: "s" };

/** An operator that copies the text of a Secret into a ConfigMap of the same name, and counts in memory how often. */
function ground(seed: number, counts: number[] = []): Ground {
  const controllers = ({ applier, cache, client, clock, random }: Parts) => {
    let copies = 0;
    const controller = createController({
      name: "copier",
      clock,
      random,
      watches: [watching(cache.informer(Secrets, { metadataOnly: true }), (object) => [keyOf(object)])],
      async reconcile(key, { signal }) {
        const { data = {} } = await client.get(Secrets, key, { signal });
        const metadata = { ...key };
        await applier.apply(ConfigMaps, { apiVersion: "v1", kind: "ConfigMap", metadata, data }, { signal });
        counts.push(++copies);
      },
    });
    return [controller];
  };
  return new Ground({
    seed,
    controllers,
    coders: ["a"],
    coderAt: () => "a",
    credentials: [],
    works: () => true,
  });
}

const copied = ({ api }: Ground) => api.find(ConfigMaps, secret)?.data?.["k"];

Deno.test("nothing happens by itself; step by step, all that is to be done is done", async () => {
  const world = ground(1);
  await world.start();
  assert.equal(await world.step(), false);
  putSecret(world, secret, { k: "v" });
  assert.equal(copied(world), undefined);
  assert.ok(await world.steps(100) < 100);
  assert.equal(copied(world), btoa("v"));
  assert.equal(secretText(world, secret, "k"), "v");
  assert.equal(world.writes, 1);
});

Deno.test("what is slow stands still until it is not any more", async () => {
  const world = ground(1);
  await world.start();
  world.weights = { requests: 0, watches: 1, cluster: 1 };
  putSecret(world, secret, { k: "v" });
  await world.pass(1_000);
  assert.equal(copied(world), undefined);
  assert.equal(world.wire.pending.length, 1);
  world.calm();
  await world.pass(1_000);
  assert.equal(copied(world), btoa("v"));
});

Deno.test("whatever goes wrong on the way, it is done in the end", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const world = ground(seed);
    await world.start();
    const trouble = new Error("trouble");
    world.trouble.set("api", ["refused", "answer lost", { error: trouble, done: true }, {
      error: trouble,
      done: false,
    }]);
    putSecret(world, secret, { k: "v" });
    await world.steps(3);
    world.disturb();
    await world.crash();
    await world.relist();
    world.calm();
    await world.pass(600_000);
    assert.equal(copied(world), btoa("v"), `seed ${seed}`);
    assert.deepEqual(world.violations, []);
  }
});

Deno.test("a process that dies loses its memory, and another one begins anew after a while", async () => {
  const counts: number[] = [];
  const world = ground(1, counts);
  await world.start();
  putSecret(world, secret, { k: "1" });
  await world.steps(50);
  putSecret(world, secret, { k: "2" });
  await world.steps(50);
  assert.deepEqual(counts, [1, 2]);
  const before = world.clock.now();
  await world.crash();
  assert.equal(world.clock.now() - before, 15_000);
  await world.steps(50);
  assert.deepEqual(counts, [1, 2, 1]);
  assert.deepEqual([world.processes, world.crashes], [2, 1]);
});

Deno.test("a process that dies in the midst of its work has done what was delivered, and nothing more", async () => {
  const world = ground(1);
  await world.start();
  putSecret(world, secret, { k: "v" });
  while (world.wire.pending.length === 0) await world.step();
  world.operator?.kill();
  for (let i = 0; i < 20; i++) await world.step();
  assert.equal(copied(world), undefined);
});

Deno.test("the same seed gives the same course, another one another", async () => {
  const course = async (seed: number) => {
    const world = ground(seed);
    await world.start();
    for (const k of ["1", "2", "3"]) putSecret(world, { ...secret, name: `s${k}` }, { k });
    world.disturb();
    await world.pass(60_000);
    world.calm();
    await world.pass(60_000);
    return world.log.join("\n").replaceAll(/0000000\d-/g, "");
  };
  assert.equal(await course(3), await course(3));
  const courses = new Set(await Promise.all([1, 2, 3, 4, 5].map(course)));
  assert.ok(courses.size > 1);
});

Deno.test("one that never comes to rest is told", async () => {
  const world = ground(1);
  await world.start();
  let n = 0;
  world.api.onChange(({ type, by }) => {
    if (type === ConfigMaps && by.startsWith("operator")) putSecret(world, secret, { k: String(n++) });
  });
  putSecret(world, secret, { k: "v" });
  await world.pass(1_000);
  assert.deepEqual(world.violations, ["it does not come to rest"]);
});

Deno.test("a Coder that nobody knows is a mistake of the model", () => {
  assert.throws(() => ground(1).coder("b"), /there is no Coder b/);
});
