import assert from "node:assert/strict";
import { silentLogger } from "../../../telemetry/logger.ts";
import { settle } from "../../../telemetry/testing/fake_clock.ts";
import { record } from "../suite.ts";
import { recordJson } from "./record_schema.ts";
import { CREATE, DELETE } from "./record_scripts.ts";
import { RedisSessionStore } from "./sessions.ts";
import { FakeRedis } from "./testing.ts";
import { RedisLost } from "./wire.ts";

const { signal } = new AbortController();

/** Runs with a store whose server answers as the test says. */
async function use(run: (redis: FakeRedis, store: RedisSessionStore) => Promise<void>): Promise<void> {
  const redis = new FakeRedis();
  const connection = redis.connection();
  const { clock } = redis;
  const store = new RedisSessionStore({ connection, prefix: "p:", log: silentLogger, clock, now: () => 0 });
  try {
    await settle();
    await run(redis, store);
  } finally {
    await store.close();
    const closed = connection.close();
    await clock.advance(60_000);
    await closed;
  }
}

const sentOf = (redis: FakeRedis, sha1: string) => redis.calls.filter(({ args }) => args[1] === sha1);

Deno.test("sessions in Redis: a creation of which nothing is known is undone, when it cannot be on its way any more", () =>
  use(async (redis, store) => {
    const making = store.create(record(), 5, signal).catch((error) => error);
    await redis.clock.advance(2_000);
    assert.match((await making).message, /it is not known whether it was done/);
    await redis.clock.advance(5_999);
    assert.equal(sentOf(redis, DELETE.sha1).length, 0);
    await redis.clock.advance(1);
    const [undo] = sentOf(redis, DELETE.sha1);
    const [creation] = sentOf(redis, CREATE.sha1);
    // What is deleted is what this very creation has made, and nothing else of the id.
    assert.deepEqual(undo?.args.slice(4), ["p:v1:", creation?.args[5], creation?.args[6]]);
    undo?.answer(1);
    await redis.clock.advance(60_000);
    assert.equal(sentOf(redis, DELETE.sha1).length, 1);
  }));

Deno.test("sessions in Redis: undoing waits until the store is back, a minute too", () =>
  use(async (redis, store) => {
    const making = store.create(record(), 5, signal).catch(() => {});
    await settle();
    redis.away = new RedisLost("away");
    redis.wire.end("reset");
    await redis.clock.advance(60_000);
    await making;
    assert.equal(sentOf(redis, DELETE.sha1).length, 0);
    redis.away = undefined;
    redis.answers = () => 1;
    await redis.clock.advance(10_000);
    assert.equal(sentOf(redis, DELETE.sha1).length, 1);
  }));

Deno.test("sessions in Redis: what was refused, or never sent, is not undone", () =>
  use(async (redis, store) => {
    const aborted = AbortSignal.abort(new Error("enough"));
    await assert.rejects(store.create(record(), 5, aborted), { message: "enough" });
    await assert.rejects(store.update(record(), aborted), { message: "enough" });
    redis.answers = () => ["limit", 5];
    await assert.rejects(store.create(record(), 5, signal), { code: "limit" });
    redis.answers = () => ["known", ""];
    await assert.rejects(store.create(record(), 5, signal), { code: "conflict" });
    await redis.clock.advance(60_000);
    assert.equal(sentOf(redis, DELETE.sha1).length, 0);
    assert.equal(redis.clock.pendingTimers, 0);
  }));

Deno.test("sessions in Redis: the same that is tried again says who had tried before; something else does not", () =>
  use(async (redis, store) => {
    const given = record();
    const first = store.create(given, 5, signal).catch(() => {});
    await redis.clock.advance(2_000);
    await first;
    redis.answers = () => ["ok", [recordJson(given), "1", "1000", "2000"]];
    await redis.clock.advance(1_000);
    await store.create(given, 5, signal);
    await store.create({ ...given, reason: "x" }, 5, signal);
    const [before, again, other] = sentOf(redis, CREATE.sha1).map(({ args }) => args.slice(6, 8));
    assert.equal(before?.[1], "");
    assert.equal(again?.[1], before?.[0]);
    assert.notEqual(again?.[0], before?.[0]);
    assert.equal(other?.[1], "");
  }));

Deno.test("sessions in Redis: a server that says something else than a record is not believed", () =>
  use(async (redis, store) => {
    for (const fields of [null, [], ["{}", "1", "1", "1"], [recordJson(record()), "1", "1", "1"]]) {
      redis.answers = () => ["ok", fields];
      await assert.rejects(store.create(record(), 5, signal), { code: "internal" });
    }
    redis.answers = () => ["records", [["sess-1", ["{", "1", "1", "1"]]]];
    assert.deepEqual(await store.list({}, signal), []);
  }));

Deno.test("sessions in Redis: for no state nobody is asked", () =>
  use(async (redis, store) => {
    assert.deepEqual(await store.list({ states: [] }, signal), []);
    assert.equal(redis.calls.length, 0);
  }));
