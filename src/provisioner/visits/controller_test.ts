import assert from "node:assert/strict";
import type { CoderProvisioner } from "../../api/provisioner.ts";
import { keyText } from "../../api/object.ts";
import { changed } from "../../reconciler/testing/fakes.ts";
import { KEY_FINALIZER } from "../ending.ts";
import { ProvisionerResults } from "../results.ts";
import { storedProvisioner } from "../testing.ts";
import { beginVisit, provisionerVisits } from "./controller.ts";
import { VisitWorld } from "../../../tests/provisioner/visit_world.ts";

/** The whole controller, on time that goes by; what it tells is stored at once, as by a pass. */
class Running implements AsyncDisposable {
  readonly results = new ProvisionerResults();
  readonly news: string[] = [];
  readonly #stop = new AbortController();
  readonly #run: Promise<void>;

  constructor(readonly world: VisitWorld) {
    // Its queue waits on the real clock.
    world.longestPauseMs = Infinity;
    const controller = provisionerVisits({
      tools: world.tools,
      results: this.results,
      onNews: (key) => {
        this.news.push(keyText(key));
        queueMicrotask(() => this.#pass());
      },
      log: world.log,
    });
    const { signal } = this.#stop;
    this.#run = controller.run({ stop: signal, abort: signal });
  }

  #pass(): void {
    const { world } = this;
    const before = JSON.stringify(world.object.status);
    world.result = this.results.get("uid-1");
    world.store();
    if (JSON.stringify(world.object.status) !== before) world.roll();
  }

  async until(what: () => boolean): Promise<void> {
    const deadline = performance.now() + 60_000;
    while (!what()) {
      assert.ok(performance.now() < deadline, "it does not come");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the test ends"));
    await this.#run;
    await this.world[Symbol.asyncDispose]();
  }
}

Deno.test("a provisioner gets its key, without anybody waiting for the next look", async () => {
  await using running = new Running(await VisitWorld.start());
  const { results, world } = running;
  await running.until(() => world.condition("ProvisionerKeyReady") === "True ProvisionerKeyReady");
  assert.equal(world.isValid(), true);
  assert.ok(results.get("uid-1")?.checksum);
  assert.equal(results.get("uid-1")?.generation, 1);
});

Deno.test("at its end the keys go, and everything that was known", async () => {
  await using running = new Running(await VisitWorld.start());
  const { results, world } = running;
  // The last that is found out of a new key.
  await running.until(() => world.object.status?.provisionerKeyID !== undefined);
  for (const deployment of world.deployments.list()) world.remove(deployment);
  const { object } = world;
  world.put(changed(object, { deletionTimestamp: world.now.toISOString() }));
  await running.until(() => results.ended("uid-1")?.done === true);
  assert.deepEqual(world.keys(), []);
  world.remove(world.object);
  await running.until(() => results.size === 0);
});

Deno.test("one that nothing of ours holds is left to go", async () => {
  await using running = new Running(
    await VisitWorld.start({
      metadata: { deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: ["somebody/else"] },
    }),
  );
  const { results, world } = running;
  const other = storedProvisioner({ controlPlaneRef: { name: "nowhere" } }, {
    name: "other",
    uid: "uid-2",
    finalizers: [KEY_FINALIZER],
  });
  world.put(other);
  await running.until(() => results.get("uid-2") !== undefined);
  assert.equal(results.ended("uid-1"), undefined);
});

Deno.test("what is kept of a control plane goes with it", async () => {
  await using running = new Running(await VisitWorld.start());
  const { world } = running;
  await running.until(() => world.keys().length === 1);
  await running.until(() => world.tools.listings.size === 1);
  world.remove(world.home.controlPlane);
  await running.until(() => world.tools.listings.size === 0);
});

Deno.test("an object that cannot be read is left to the reconciler", async () => {
  await using world = await VisitWorld.start();
  const odd = storedProvisioner({ replicas: "three" as never });
  const context = { log: world.log, signal: new AbortController().signal };
  assert.equal(beginVisit({ namespace: "a", name: "prov" }, odd, context, world.tools.access), undefined);
  const access = { find: () => assert.fail("a mistake") };
  const key = { namespace: "a", name: "prov" };
  assert.throws(() => beginVisit(key, world.object as CoderProvisioner, context, access), /a mistake/);
});
