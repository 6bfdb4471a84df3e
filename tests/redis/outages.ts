/** Coordinators that write to one Redis while it is away again and again; and what must hold then. */
import assert from "node:assert/strict";
import { RedisSessionStore } from "../../src/sessions/store/redis/sessions.ts";
import { record } from "../../src/sessions/store/suite.ts";
import { isOpen, SessionError, type SessionRecord } from "../../src/sessions/types.ts";
import { silentLogger } from "../../src/telemetry/logger.ts";
import { sleep } from "../../src/telemetry/clock.ts";
import { waitFor } from "../cluster/wait.ts";
import { connectionTo, PREFIX } from "./rig.ts";
import type { TestRedis } from "./server.ts";

export interface OutageReport {
  readonly calls: number;
  /** That failed with `unavailable`. */
  readonly failed: number;
  /** The longest call, in milliseconds. */
  readonly slowestMs: number;
  readonly sessions: number;
}

export interface OutageOptions {
  readonly redis: TestRedis;
  /** Makes it go away and come back, as often as wished; writing goes on meanwhile. Ends early with the signal. */
  readonly outages: (signal: AbortSignal) => Promise<void>;
  /** Writers on each of two coordinators. @default {4} */
  readonly writers?: number | undefined;
  /** The longest that a call may take, in milliseconds; undefined: as the product has it. */
  readonly callMs?: number | undefined;
}

/** Of each writer: open ones at most. */
const MOST_OPEN = 5;

/**
 * Each writer makes, changes and ends sessions of its own and knows what it was told; names are chosen anew for each, so that none
 * is in the way of another.
 *
 * Holds: what was told to be done is there, and stays; what was told not to be done is not there; of what is not known, either
 * all or nothing; no version is skipped or written twice; numbers and indexes are those of the records.
 */
export async function writeThrough(
  { redis, outages, writers = 4, callMs }: OutageOptions,
): Promise<OutageReport> {
  const over = new AbortController();
  const all = [0, 1].map(() => {
    const connection = connectionTo(redis.access, { callMs });
    const store = new RedisSessionStore({ connection, prefix: PREFIX, log: silentLogger });
    return { connection, store, writers: Array.from({ length: writers }, () => new Writer(store)) };
  });
  const everybody = all.flatMap((one) => one.writers);
  try {
    await Promise.all(all.map(({ connection }) => connection.whenKnown(AbortSignal.timeout(60_000))));
    const writing = Promise.all(everybody.map((writer) => writer.run(over.signal)));
    writing.catch(() => over.abort());
    await outages(over.signal);
    over.abort();
    await writing;
    const { signal } = new AbortController();
    await waitFor(() => all.every(({ connection }) => connection.trouble === undefined), { what: "Redis" });
    const judging = connectionTo(redis.access);
    all.push({
      connection: judging,
      store: new RedisSessionStore({ connection: judging, prefix: PREFIX, log: silentLogger }),
      writers: [],
    });
    const { store } = all.at(-1)!;
    // What nobody waited for is undone by then.
    await waitFor(async () => {
      const kept = await store.list({}, signal);
      return kept.every(({ owner, id }) => everybody.find((one) => one.owner === owner)?.knows(id));
    }, { what: "the undoing of what nobody waited for", timeoutMs: 120_000 });
    for (const writer of everybody) await writer.judge(store);
    await judgeNumbers(store);
    return {
      calls: sum(everybody.map(({ calls }) => calls)),
      failed: sum(everybody.map(({ failed }) => failed)),
      slowestMs: Math.max(...everybody.map(({ slowestMs }) => slowestMs)),
      sessions: (await store.list({}, signal)).length,
    };
  } finally {
    over.abort();
    for (const { store, connection } of all) {
      await store.close();
      await connection.close();
    }
  }
}

async function judgeNumbers(store: RedisSessionStore): Promise<void> {
  const { signal } = new AbortController();
  const records = await store.list({}, signal);
  const counts = await store.count(signal);
  assert.equal(sum(Object.values(counts)), records.length);
  for (const [state, count] of Object.entries(counts)) {
    assert.equal(records.filter((one) => one.state === state).length, count, state);
  }
  const byWorker = await store.list({ workerId: "w1" }, signal);
  assert.equal(byWorker.length, records.length);
  assert.equal((await store.expired(Number.MAX_SAFE_INTEGER, 100_000, signal)).length, records.length);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

/** What a session may be, as its writer was told. */
interface Known {
  /** As it was told last. */
  readonly told: SessionRecord;
  /** What else it may be: a write of which it is not known. */
  readonly maybe: SessionRecord | undefined;
}

let owners = 0;

class Writer {
  readonly owner = `owner-${++owners}`;
  calls = 0;
  failed = 0;
  slowestMs = 0;
  readonly #known = new Map<string, Known>();
  readonly #gone = new Set<string>();
  readonly #maybeGone = new Set<string>();

  constructor(private readonly store: RedisSessionStore) {}

  knows(id: string): boolean {
    return this.#known.has(id);
  }

  async run(over: AbortSignal): Promise<void> {
    for (let step = 0; !over.aborted; step++) {
      const { failed } = this;
      const one = [...this.#known.values()].at(step % Math.max(1, this.#known.size));
      if (one === undefined || (step % 3 === 0 && this.#open().length < MOST_OPEN)) await this.#make();
      else if (step % 7 === 0) await this.#delete(one.told.id);
      else await this.#change(one.told.id, step);
      await sleep(this.failed > failed ? 20 : 2, over);
    }
  }

  async #make(): Promise<void> {
    const given = record({ owner: this.owner, reason: "made" });
    const made = await this.#call((signal) => this.store.create(given, MOST_OPEN * 2, signal));
    // Not told: then it is not there in the end, whether it was known or not.
    if (typeof made === "object") this.#known.set(given.id, { told: made, maybe: undefined });
  }

  /** Reads it, and writes one more into it: what was read must be what is known. */
  async #change(id: string, step: number): Promise<void> {
    const kept = await this.#call((signal) => this.store.get(id, signal));
    if (kept === "nothing" || kept === "unknown") return;
    this.#seen(id, kept);
    if (kept === undefined) return;
    const state = isOpen(kept) && step % 5 === 0 ? "closed" : kept.state;
    const next = { ...kept, state, reason: `step ${step}` };
    const written = await this.#call((signal) => this.store.update(next, signal));
    if (written === "nothing") return;
    if (written === "unknown") {
      this.#known.set(id, { told: kept, maybe: { ...next, version: kept.version + 1 } });
      return;
    }
    assert.notEqual(written, undefined, `nobody else writes ${id}`);
    assert.deepEqual(written, { ...next, version: kept.version + 1 });
    this.#known.set(id, { told: written!, maybe: undefined });
  }

  async #delete(id: string): Promise<void> {
    const done = await this.#call(async (signal) => {
      await this.store.delete(id, signal);
      return "deleted";
    });
    if (done === "nothing") return;
    if (done === "unknown") return void this.#maybeGone.add(id);
    this.#known.delete(id);
    this.#gone.add(id);
  }

  #open(): readonly Known[] {
    return [...this.#known.values()].filter(({ told, maybe }) =>
      isOpen(told) || (maybe !== undefined && isOpen(maybe))
    );
  }

  #seen(id: string, kept: SessionRecord | undefined): void {
    const known = this.#known.get(id);
    if (kept === undefined) {
      assert.ok(this.#maybeGone.has(id), `session ${id} is lost`);
      this.#known.delete(id);
      return;
    }
    const may = [known?.told, known?.maybe].some((one) =>
      one?.version === kept.version && one.reason === kept.reason
    );
    assert.ok(may, `session ${id} is ${kept.version} ${kept.reason}, and was ${JSON.stringify(known)}`);
    this.#known.set(id, { told: kept, maybe: known?.maybe });
  }

  async judge(store: RedisSessionStore): Promise<void> {
    const { signal } = new AbortController();
    for (const id of [...this.#known.keys()]) this.#seen(id, await store.get(id, signal));
    for (const id of this.#gone) {
      assert.equal(await store.get(id, signal), undefined, `session ${id} is back`);
    }
    const listed = (await store.list({ owner: this.owner }, signal)).map(({ id }) => id).sort();
    assert.deepEqual(listed, [...this.#known.keys()].sort());
  }

  /** What a call gives; `nothing` or `unknown` where the store was away. */
  async #call<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T | "nothing" | "unknown"> {
    const started = performance.now();
    this.calls++;
    try {
      return await run(new AbortController().signal);
    } catch (error) {
      assert.ok(error instanceof SessionError && error.code === "unavailable", String(error));
      assert.match(
        error.message,
        /^the session store .*(nothing was done|it is not known whether it was done)/,
      );
      this.failed++;
      return error.message.includes("nothing was done") ? "nothing" : "unknown";
    } finally {
      this.slowestMs = Math.max(this.slowestMs, performance.now() - started);
    }
  }
}
