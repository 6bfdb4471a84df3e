/** What models of coordinators have in common: workers that behave in their own time, and callers who do anything. For tests alone. */
import assert from "node:assert/strict";
import type { Clock } from "../../telemetry/clock.ts";
import { below, pick } from "../../telemetry/testing/random.ts";
import type { TaskOutcome } from "../link.ts";
import { echo, fsWrite } from "../operations.ts";
import { MockExecutor } from "../testing/mock_executor.ts";
import { SESSION_ERROR_CODES, SessionError } from "../types.ts";
import type { SessionsService } from "./sessions.ts";

export const OWNERS = ["ann", "bob", "eve"].map((id) => ({ id, name: id }));
/** Of each worker. */
export const CAPACITY = 4;

/** What all workers have together: storage that outlives them, and what was ever done. */
export class World {
  /** Sessions with files, by name of the shared storage. */
  readonly files = new Map<string, Set<string>>([["nfs", new Set()]]);
  /** How often each write was carried out, by its path. */
  readonly writes = new Map<string, number>();
  /** Whose writes came to which session. */
  readonly owners = new Map<string, Set<string>>();
  readonly wrong: string[] = [];

  /** @param areSeveral coordinators, none of which knows all that a worker has: then the worker itself refuses what is too much */
  constructor(readonly areSeveral = false) {}
}

/** A worker that behaves, in its own time, and refuses now and then. */
export class ModelExecutor extends MockExecutor {
  readonly open = new Set<string>();
  /** While it is calm, nothing is refused. */
  isCalm = false;

  constructor(world: World, storage: string, clock: Clock, random: () => number) {
    super();
    const files = world.files.get(storage);
    const later = (signal: AbortSignal) =>
      new Promise<boolean>((resolve) => {
        if (this.isCalm || random() < 0.4) return resolve(true);
        const cancel = clock.setTimer(() => resolve(true), below(random, 4_000));
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
      if (world.areSeveral && this.open.size >= CAPACITY && !this.open.has(sessionId)) {
        return { ok: false, code: "no_capacity", message: "the model has its sessions" };
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

/** Callers who do anything at any coordinator, and do not wait for it. */
export class Callers {
  readonly calls = new Set<Promise<void>>();
  #paths = 0;

  constructor(
    private readonly parts: {
      readonly world: World;
      readonly clock: Clock;
      readonly random: () => number;
      /** Called with what each call came to. */
      readonly note: (what: string) => void;
    },
  ) {}

  /** Somebody does something, and does not wait for it. */
  act(service: SessionsService): void {
    const { clock, note, random } = this.parts;
    const owner = pick(random, OWNERS);
    const name = pick(random, ["default", "one", "two"]);
    const stop = new AbortController();
    if (random() < 0.1) {
      clock.setTimer(() => stop.abort(new Error("given up")), below(random, 3_000));
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
    }).finally(() => this.calls.delete(checked));
    this.calls.add(checked);
  }

  async #write(
    service: SessionsService,
    owner: typeof OWNERS[number],
    name: string,
    signal: AbortSignal,
  ): Promise<void> {
    const path = `${owner.id}/${++this.#paths}`;
    const done = () => this.parts.world.writes.get(path) ?? 0;
    try {
      const { session } = await service.call(owner, name, fsWrite, { path }, new Uint8Array(), { signal });
      this.#isOf(owner.id, session.owner);
      if (done() !== 1) this.parts.world.wrong.push(`${path} was answered, and done ${done()} times`);
    } catch (error) {
      if (done() > 1) this.parts.world.wrong.push(`${path} was done ${done()} times`);
      const code = error instanceof SessionError ? error.code : "";
      const isNotDone = ["unavailable", "no_capacity", "not_found", "conflict", "limit", "failed"].includes(
        code,
      );
      if (isNotDone && done() > 0) this.parts.world.wrong.push(`${path} was done, and told to be ${code}`);
      throw error;
    }
  }

  #isOf(owner: string, found: string): void {
    if (owner !== found) this.parts.world.wrong.push(`${owner} got a session of ${found}`);
  }

  #isClear(error: unknown): void {
    const isClear = error instanceof SessionError && SESSION_ERROR_CODES.includes(error.code) &&
      error.code !== "internal" && error.message.length > 10;
    if (!isClear) this.parts.world.wrong.push(`a call failed with ${error}`);
  }
}
