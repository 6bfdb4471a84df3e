/**
 * Several coordinators on one store, workers that come, break, vanish and come back, callers who do anything at any time:
 * whatever the order, what must never happen does not.
 */
import assert from "node:assert/strict";
import type { TaskOutcome } from "../link.ts";
import { echo, fsWrite } from "../operations.ts";
import { MockExecutor } from "../testing/mock_executor.ts";
import { SESSION_ERROR_CODES, SessionError } from "../types.ts";
import { settle } from "../../telemetry/testing/fake_clock.ts";
import { below, pick, seededRandom } from "../../telemetry/testing/random.ts";
import type { SessionsService } from "./sessions.ts";
import { Rig, type TestWorker } from "./testing.ts";

const SEEDS = 40;
const STEPS = 120;
const OWNERS = ["ann", "bob", "eve"].map((id) => ({ id, name: id }));
const CAPACITY = 4;

/** What all workers have together: storage that outlives them, and what was ever done. */
class World {
  /** Sessions with files, by name of the shared storage. */
  readonly files = new Map<string, Set<string>>([["nfs", new Set()]]);
  /** How often each write was carried out, by its path. */
  readonly writes = new Map<string, number>();
  /** Whose writes came to which session. */
  readonly owners = new Map<string, Set<string>>();
  readonly wrong: string[] = [];
}

/** How often what came of calls, over all seeds: a model in which nothing happens proves nothing. */
const seen = new Map<string, number>();
function note(what: string, times = 1): void {
  seen.set(what, (seen.get(what) ?? 0) + times);
}

/** A worker that behaves, in its own time, and refuses now and then. */
class ModelExecutor extends MockExecutor {
  readonly open = new Set<string>();
  /** While it is calm, nothing is refused. */
  isCalm = false;

  constructor(world: World, storage: string, rig: Rig, random: () => number) {
    super();
    const files = world.files.get(storage);
    const later = (signal: AbortSignal) =>
      new Promise<boolean>((resolve) => {
        if (this.isCalm || random() < 0.4) return resolve(true);
        const cancel = rig.clock.setTimer(() => resolve(true), below(random, 4_000));
        signal.addEventListener("abort", () => {
          cancel();
          resolve(false);
        }, { once: true });
      });
    const refuses = (share: number) => !this.isCalm && random() < share;
    const away = (): TaskOutcome => ({
      ok: false,
      code: "unavailable",
      message: "the model is away for a moment",
    });
    const stopped: TaskOutcome = { ok: false, code: "canceled", message: "it was stopped" };
    const notHere: TaskOutcome = { ok: false, code: "session_ended", message: "the model does not have it" };
    this.answer("session.open", async ({ task: { sessionId, input }, signal }) => {
      if (!await later(signal)) return stopped;
      if (refuses(0.1)) return { ok: false, code: "failed", message: "the kernel of the model said no" };
      if (input["existing"] && !files?.has(sessionId)) {
        return { ok: false, code: "not_found", message: "there are no files of it" };
      }
      this.open.add(sessionId);
      files?.add(sessionId);
      if (this.open.size > CAPACITY) world.wrong.push(`${this.open.size} sessions at once`);
      return { ok: true, output: { isolation: "full" } };
    });
    this.answer("session.close", async ({ task: { sessionId, input }, signal }) => {
      if (!await later(signal)) return stopped;
      this.open.delete(sessionId);
      if (!input["keepFiles"]) files?.delete(sessionId);
      return { ok: true, output: {} };
    });
    this.answer("echo", async ({ task: { sessionId, input }, signal }) => {
      if (refuses(0.1)) return away();
      if (!await later(signal)) return stopped;
      return this.open.has(sessionId) ? { ok: true, output: { message: input["message"] } } : notHere;
    });
    this.answer("fs.write", async ({ task: { sessionId, input }, signal }) => {
      if (refuses(0.1)) return away();
      if (!this.open.has(sessionId)) return notHere;
      const path = String(input["path"]);
      world.writes.set(path, (world.writes.get(path) ?? 0) + 1);
      const owners = world.owners.get(sessionId) ?? new Set();
      world.owners.set(sessionId, owners.add(path.split("/")[0]!));
      if (!await later(signal)) return stopped;
      return { ok: true, output: { path, bytes: 0, size: 0, created: true } };
    });
  }

  override load() {
    return { ...this.loadNow, sessions: [...this.open] };
  }
}

class Model {
  readonly #rig = new Rig({ settings: { maxSessionsPerOwner: 5 } });
  readonly #world = new World();
  readonly #services: SessionsService[];
  readonly #workers = new Map<string, { readonly worker: TestWorker; readonly executor: ModelExecutor }>();
  readonly #calls = new Set<Promise<void>>();
  #paths = 0;
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
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
    const executor = new ModelExecutor(this.#world, sharedStorage, this.#rig, this.#random);
    const worker = await this.#rig.worker(id, { sharedStorage, capacity: CAPACITY }, executor);
    this.#workers.set(id, { worker, executor });
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const what = random();
    const id = pick(random, ["w1", "w2", "w3", "w4"]);
    const entry = this.#workers.get(id);
    if (what < 0.7) return this.#act();
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

  /** Somebody does something, and does not wait for it. */
  #act(): void {
    const random = this.#random;
    const service = pick(random, this.#services);
    const owner = pick(random, OWNERS);
    const name = pick(random, ["default", "one", "two"]);
    const stop = new AbortController();
    if (random() < 0.1) {
      this.#rig.clock.setTimer(() => stop.abort(new Error("given up")), below(random, 3_000));
    }
    const { signal } = stop;
    const what = random();
    const call = what < 0.2
      ? service.create(owner, { name }, { signal }).then((made) => this.#isOf(owner.id, made.owner))
      : what < 0.3
      ? service.close(owner, name, signal).then((closed) => this.#isOf(owner.id, closed.owner))
      : what < 0.6
      ? service.call(owner, name, echo, { message: name }, undefined, { signal }).then((answer) => {
        this.#isOf(owner.id, answer.session.owner);
        assert.equal(answer.output.message, name);
      })
      : this.#write(service, owner, name, signal);
    const checked = call.then(() => note("ok"), (error) => {
      if (signal.aborted && error === signal.reason) return note("given up");
      note(error instanceof SessionError ? error.code : "other");
      this.#isClear(error);
    }).finally(() => this.#calls.delete(checked));
    this.#calls.add(checked);
  }

  async #write(
    service: SessionsService,
    owner: typeof OWNERS[number],
    name: string,
    signal: AbortSignal,
  ): Promise<void> {
    const path = `${owner.id}/${++this.#paths}`;
    const done = () => this.#world.writes.get(path) ?? 0;
    try {
      const { session } = await service.call(owner, name, fsWrite, { path }, new Uint8Array(), { signal });
      this.#isOf(owner.id, session.owner);
      if (done() !== 1) this.#world.wrong.push(`${path} was answered, and done ${done()} times`);
    } catch (error) {
      if (done() > 1) this.#world.wrong.push(`${path} was done ${done()} times`);
      const code = error instanceof SessionError ? error.code : "";
      const isNotDone = ["unavailable", "no_capacity", "not_found", "conflict", "limit", "failed"].includes(
        code,
      );
      if (isNotDone && done() > 0) this.#world.wrong.push(`${path} was done, and told to be ${code}`);
      throw error;
    }
  }

  #isOf(owner: string, found: string): void {
    if (owner !== found) this.#world.wrong.push(`${owner} got a session of ${found}`);
  }

  #isClear(error: unknown): void {
    const isClear = error instanceof SessionError && SESSION_ERROR_CODES.includes(error.code) &&
      error.code !== "internal" && error.message.length > 10;
    if (!isClear) this.#world.wrong.push(`a call failed with ${error}`);
  }

  /** All workers are there and well, and every call comes to its end. */
  async #calmDown(): Promise<void> {
    for (const id of ["w1", "w2", "w3", "w4"]) if (!this.#workers.has(id)) await this.#start(id);
    for (const { executor } of this.#workers.values()) executor.isCalm = true;
    await this.#advanceUntil(() => this.#calls.size === 0, 1_000);
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
      `it does not come to rest: ${this.#calls.size} calls, ${JSON.stringify([...this.#world.files])}`,
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
