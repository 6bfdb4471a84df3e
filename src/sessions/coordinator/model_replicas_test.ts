/**
 * Several coordinators on one store, each with links of its own to the workers, and clocks that are apart: they are killed and
 * come back, workers are heard by one of them alone, what is known of workers is away for a while. Whatever the order, nothing
 * is lost or done twice, and no session fails whose worker is there.
 */
import assert from "node:assert/strict";
import { settle } from "../../telemetry/testing/fake_clock.ts";
import { below, pick, seededRandom } from "../../telemetry/testing/random.ts";
import { MemorySessionStore } from "../store/memory_store.ts";
import { isOpen, SessionError, type SessionRecord } from "../types.ts";
import { Callers, CAPACITY, ModelExecutor, OWNERS, World } from "./testing_model.ts";
import { Replicas, type ReplicatedWorker } from "./testing_replicas.ts";

const SEEDS = 40;
const STEPS = 140;
const MOST_OPEN = 5;
const IDS = ["w1", "w2", "w3", "w4"];

const seen = new Map<string, number>();
function note(what: string, times = 1): void {
  seen.set(what, (seen.get(what) ?? 0) + times);
}

/** A store that looks at what is written. */
class WatchedStore extends MemorySessionStore {
  onFailed: (record: SessionRecord) => void = () => {};
  readonly tooMany: string[] = [];

  override async create(
    record: SessionRecord,
    mostOpen: number,
    signal: AbortSignal,
  ): Promise<SessionRecord> {
    const kept = await super.create(record, mostOpen, signal);
    const open = (await this.list({ owner: record.owner }, signal)).filter(isOpen).length;
    if (open > MOST_OPEN) this.tooMany.push(`${record.owner} has ${open} sessions`);
    return kept;
  }

  override async update(record: SessionRecord, signal: AbortSignal): Promise<SessionRecord | undefined> {
    const kept = await super.update(record, signal);
    if (kept?.state === "failed" && kept.reason.includes("create a new session")) this.onFailed(kept);
    return kept;
  }
}

class Model {
  readonly #store = new WatchedStore();
  readonly #world = new World(true);
  readonly #rig: Replicas;
  readonly #callers: Callers;
  readonly #executors = new Map<ReplicatedWorker, ModelExecutor>();
  readonly #random: () => number;
  #backAt = Infinity;
  #sightingsAre: () => void = () => {};

  constructor(seed: number) {
    const random = this.#random = seededRandom(seed);
    const skews = [below(random, 4_000) - 2_000, below(random, 4_000) - 2_000];
    const settings = { maxSessionsPerOwner: MOST_OPEN };
    const rig = this.#rig = new Replicas({ skews, settings, random, store: this.#store });
    this.#callers = new Callers({ world: this.#world, clock: rig.clock, random, note });
    this.#store.onFailed = (record) => this.#failed(record);
  }

  /** It says that its worker has lost it: none may have it that somebody hears. */
  #failed({ id, workerId, incarnation, reason }: SessionRecord): void {
    const worker = this.#workerOf(workerId);
    if (worker?.hello.incarnation !== incarnation || !this.#executors.get(worker)!.open.has(id)) return;
    const heardBy = worker.links.flatMap(({ mock, door }, index) =>
      this.#rig.all[index]!.isUp && !door.isCut && mock.isConnected ? [index] : []
    );
    if (heardBy.length > 0) {
      this.#world.wrong.push(`${id} failed (${reason}), and ${workerId} has it, heard by ${heardBy}`);
    }
  }

  #workerOf(id: string): ReplicatedWorker | undefined {
    return [...this.#rig.workers].find((worker) => worker.id === id);
  }

  async run(): Promise<void> {
    await using rig = this.#rig;
    for (const id of IDS) this.#start(id);
    await settle();
    for (let step = 0; step < STEPS; step++) {
      await this.#step();
      if (this.#random() < 0.5) await rig.clock.advance(below(this.#random, 3_000));
      if (rig.clock.now() > this.#backAt) this.#comeBack();
    }
    await this.#calmDown();
    await this.#nothingIsLeft();
    for (const what of ["moved", "created"]) {
      note(what, await rig.metric(`coordinator_sessions_${what}_total`));
    }
    note("lost", await rig.metric("coordinator_sessions_ended_total", "worker_lost"));
    assert.deepEqual([...this.#world.wrong, ...this.#store.tooMany], []);
    for (const [session, owners] of this.#world.owners) {
      assert.equal(owners.size, 1, `session ${session} was written to by ${[...owners]}`);
    }
  }

  #start(id: string): void {
    const sharedStorage = id < "w3" ? "nfs" : "";
    const executor = new ModelExecutor(this.#world, sharedStorage, this.#rig.clock, this.#random);
    const worker = this.#rig.begin(id, { sharedStorage, capacity: CAPACITY }, executor);
    this.#executors.set(worker, executor);
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const what = random();
    const worker = this.#workerOf(pick(random, IDS));
    const replica = below(random, 2);
    if (what < 0.68) return this.#act();
    if (what < 0.8) return worker?.links[replica]?.door.breakStream();
    if (what < 0.86) return this.#cut(worker, replica);
    if (what < 0.92) {
      for (const one of this.#rig.workers) for (const index of [0, 1]) this.#uncut(one, index);
    } else if (what < 0.94) {
      await this.#end(worker, (one) => one.vanish());
    } else if (what < 0.95) {
      await this.#end(worker, (one) => one.stop());
    } else if (what < 0.97) {
      for (const id of IDS) if (this.#workerOf(id) === undefined) this.#start(id);
    } else if (what < 0.985) {
      await this.#killOrRestart(replica);
    } else if (what < 0.99) {
      this.#sightingsAway();
    } else {
      await this.#rig.clock.advance(310_000);
    }
  }

  #act(): void {
    const up = this.#rig.all.filter(({ isUp }) => isUp);
    if (up.length > 0) this.#callers.act(pick(this.#random, up).sessions);
  }

  #cut(worker: ReplicatedWorker | undefined, replica: number): void {
    worker?.cut(replica);
    note("cut");
  }

  #uncut(worker: ReplicatedWorker, replica: number): void {
    if (this.#rig.all[replica]!.isUp) worker.cut(replica, false);
  }

  async #end(
    worker: ReplicatedWorker | undefined,
    how: (worker: ReplicatedWorker) => Promise<void>,
  ): Promise<void> {
    if (worker === undefined) return;
    this.#rig.forget(worker);
    await how(worker);
  }

  async #killOrRestart(replica: number): Promise<void> {
    const [one, other] = [this.#rig.all[replica]!, this.#rig.all[1 - replica]!];
    if (!one.isUp) this.#rig.restart(replica);
    else if (!other.isUp) this.#rig.restart(1 - replica);
    else {
      note("killed");
      await this.#rig.kill(replica);
    }
  }

  /** What is known of workers cannot be read or written for a while, and is forgotten. */
  #sightingsAway(): void {
    if (this.#backAt !== Infinity) return;
    const { sightings, clock } = this.#rig;
    const real = { ...bound(sightings) };
    const away = () => Promise.reject(new SessionError("unavailable", "the session store does not answer"));
    Object.assign(sightings, { heard: away, isHeard: away, gone: away });
    this.#backAt = clock.now() + below(this.#random, 400_000);
    this.#sightingsAre = () => Object.assign(sightings, real);
    note("away");
  }

  #comeBack(): void {
    this.#sightingsAre();
    this.#backAt = Infinity;
  }

  /** Everything is there and well, and every call comes to its end. */
  async #calmDown(): Promise<void> {
    this.#comeBack();
    for (const index of [0, 1]) if (!this.#rig.all[index]!.isUp) this.#rig.restart(index);
    for (const id of IDS) if (this.#workerOf(id) === undefined) this.#start(id);
    for (const worker of this.#rig.workers) for (const index of [0, 1]) this.#uncut(worker, index);
    for (const executor of this.#executors.values()) executor.isCalm = true;
    await this.#advanceUntil(() => this.#callers.calls.size === 0, 1_000);
  }

  async #nothingIsLeft(): Promise<void> {
    const { store, all, signal, workers } = this.#rig;
    const { sessions } = pick(this.#random, all);
    const closing = (async () => {
      for (const owner of OWNERS) {
        for (const { id } of await sessions.list(owner, {}, signal)) await sessions.close(owner, id, signal);
      }
    })();
    let isClosed = false;
    void closing.finally(() => isClosed = true).catch(() => {});
    await this.#advanceUntil(() => isClosed, 1_000);
    await closing;
    const { creating, ready } = await store.count(signal);
    assert.deepEqual([creating, ready], [0, 0]);
    await this.#advanceUntil(
      () => [...workers].every((worker) => this.#executors.get(worker)!.open.size === 0),
      30_000,
    );
    await this.#advanceUntil(async () => (await store.list({}, signal)).length === 0, 300_000);
    const places = () => all.flatMap(({ registry }) => registry.list().map(({ sessions }) => sessions));
    await this.#advanceUntil(() => places().every((count) => count === 0), 30_000);
    assert.equal(places().length, 2 * IDS.length);
    assert.deepEqual([...this.#world.files.get("nfs")!], []);
  }

  async #advanceUntil(isDone: () => boolean | Promise<boolean>, ms: number): Promise<void> {
    for (let round = 0; round < 600; round++) {
      await settle();
      if (await isDone()) return;
      await this.#rig.clock.advance(ms);
    }
    const open = [...this.#executors.values()].map(({ open }) => [...open]);
    assert.fail(
      `it does not come to rest: ${this.#callers.calls.size} calls, ${JSON.stringify(open)}, ` +
        JSON.stringify([...this.#world.files].map(([name, files]) => [name, [...files]])),
    );
  }
}

function bound<T extends Replicas["sightings"]>(sightings: T): Pick<T, "heard" | "isHeard" | "gone"> {
  return {
    heard: sightings.heard.bind(sightings),
    isHeard: sightings.isHeard.bind(sightings),
    gone: sightings.gone.bind(sightings),
  };
}

for (let seed = 1; seed <= SEEDS; seed++) {
  Deno.test(`two coordinators, whatever happens: nothing wrong, nothing left (seed ${seed})`, async () => {
    await new Model(seed).run();
  });
}

Deno.test("and what could happen to two coordinators did", () => {
  const expected =
    "moved created lost killed cut away session_ended unknown_outcome unavailable no_capacity conflict";
  for (const what of ["ok", "given up", ...expected.split(" ")]) {
    assert.ok((seen.get(what) ?? 0) > 0, `${what} never happened: ${JSON.stringify([...seen])}`);
  }
});
