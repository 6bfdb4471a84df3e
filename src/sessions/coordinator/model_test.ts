/**
 * Several coordinators on one store, workers that come, break, vanish and come back, callers who do anything at any time:
 * whatever the order, what must never happen does not.
 */
import assert from "node:assert/strict";
import { settle } from "../../telemetry/testing/fake_clock.ts";
import { below, pick, seededRandom } from "../../telemetry/testing/random.ts";
import type { SessionsService } from "./sessions.ts";
import { Rig, type TestWorker } from "./testing.ts";
import { Callers, CAPACITY, ModelExecutor, OWNERS, World } from "./testing_model.ts";

const SEEDS = 40;
const STEPS = 120;

/** How often what came of calls, over all seeds: a model in which nothing happens proves nothing. */
const seen = new Map<string, number>();
function note(what: string, times = 1): void {
  seen.set(what, (seen.get(what) ?? 0) + times);
}

class Model {
  readonly #rig = new Rig({ settings: { maxSessionsPerOwner: 5 } });
  readonly #world = new World();
  readonly #services: SessionsService[];
  readonly #workers = new Map<string, { readonly worker: TestWorker; readonly executor: ModelExecutor }>();
  readonly #callers: Callers;
  readonly #random: () => number;

  constructor(seed: number) {
    const random = this.#random = seededRandom(seed);
    this.#callers = new Callers({ world: this.#world, clock: this.#rig.clock, random, note });
    this.#services = [this.#rig.sessions, this.#rig.another({ random: this.#random }), this.#rig.another()];
  }

  async run(): Promise<void> {
    await using rig = this.#rig;
    for (const id of ["w1", "w2", "w3", "w4"]) await this.#start(id);
    for (let step = 0; step < STEPS; step++) {
      await this.#step();
      if (this.#random() < 0.5) await rig.clock.advance(below(this.#random, 3_000));
    }
    await this.#calmDown();
    for (const what of ["moved", "retries", "created"]) {
      note(
        what,
        await rig.metric(
          what === "retries" ? "coordinator_retries_total" : `coordinator_sessions_${what}_total`,
        ),
      );
    }
    await this.#nothingIsLeft();
    assert.deepEqual(this.#world.wrong, []);
    for (const [session, owners] of this.#world.owners) {
      assert.equal(owners.size, 1, `session ${session} was written to by ${[...owners]}`);
    }
  }

  async #start(id: string): Promise<void> {
    const sharedStorage = id < "w3" ? "nfs" : "";
    const executor = new ModelExecutor(this.#world, sharedStorage, this.#rig.clock, this.#random);
    const worker = await this.#rig.worker(id, { sharedStorage, capacity: CAPACITY }, executor);
    this.#workers.set(id, { worker, executor });
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const what = random();
    const id = pick(random, ["w1", "w2", "w3", "w4"]);
    const entry = this.#workers.get(id);
    if (what < 0.7) return this.#callers.act(pick(random, this.#services));
    if (what < 0.85) {
      if (entry !== undefined) entry.worker.mock.breakStream();
    } else if (what < 0.9) {
      if (entry !== undefined) await entry.worker.mock.vanish();
      this.#workers.delete(id);
    } else if (what < 0.93) {
      if (entry !== undefined) void entry.worker.mock.stop();
      this.#workers.delete(id);
    } else if (what < 0.99) {
      if (entry !== undefined) await entry.worker.mock.vanish();
      await this.#start(id);
    } else {
      await this.#rig.clock.advance(310_000);
    }
  }

  /** All workers are there and well, and every call comes to its end. */
  async #calmDown(): Promise<void> {
    for (const id of ["w1", "w2", "w3", "w4"]) if (!this.#workers.has(id)) await this.#start(id);
    for (const { executor } of this.#workers.values()) executor.isCalm = true;
    await this.#advanceUntil(() => this.#callers.calls.size === 0, 1_000);
  }

  async #nothingIsLeft(): Promise<void> {
    const { store, sessions, signal, registry } = this.#rig;
    const closing = (async () => {
      for (const owner of OWNERS) {
        for (const { id } of await sessions.list(owner, {}, signal)) await sessions.close(owner, id, signal);
      }
    })();
    let isClosed = false;
    void closing.then(() => isClosed = true);
    await this.#advanceUntil(() => isClosed, 1_000);
    await closing;
    const { creating, ready } = await store.count(signal);
    assert.deepEqual([creating, ready], [0, 0]);
    // Heartbeats tell of what is left at workers; then the records are forgotten.
    await this.#advanceUntil(
      () => [...this.#workers.values()].every(({ executor }) => executor.open.size === 0),
      30_000,
    );
    await this.#advanceUntil(async () => (await store.list({}, signal)).length === 0, 300_000);
    assert.deepEqual(registry.list().map(({ sessions }) => sessions), registry.list().map(() => 0));
    assert.deepEqual([...this.#world.files.get("nfs")!], []);
  }

  async #advanceUntil(isDone: () => boolean | Promise<boolean>, ms: number): Promise<void> {
    for (let round = 0; round < 600; round++) {
      await settle();
      if (await isDone()) return;
      await this.#rig.clock.advance(ms);
    }
    assert.fail(
      `it does not come to rest: ${this.#callers.calls.size} calls, ${
        JSON.stringify([...this.#world.files])
      }`,
    );
  }
}

for (let seed = 1; seed <= SEEDS; seed++) {
  Deno.test(`whatever happens in whatever order: nothing wrong, nothing left (seed ${seed})`, async () => {
    await new Model(seed).run();
  });
}

Deno.test("and what could happen did", () => {
  const expected = "moved retries created session_ended unknown_outcome unavailable no_capacity conflict";
  for (const what of ["ok", "given up", ...expected.split(" ")]) {
    assert.ok((seen.get(what) ?? 0) > 0, `${what} never happened: ${JSON.stringify([...seen])}`);
  }
});
