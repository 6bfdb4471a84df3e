/** Records in Redis: what the suite of all stores does not say. */
import assert from "node:assert/strict";
import type { RedisConnection } from "../../src/sessions/store/redis/connection.ts";
import { hashOf, MARGIN_MS } from "../../src/sessions/store/redis/keys.ts";
import { RedisSessionStore } from "../../src/sessions/store/redis/sessions.ts";
import { RedisLost, type RedisWire } from "../../src/sessions/store/redis/wire.ts";
import { openWire } from "../../src/sessions/store/redis/wire.ts";
import { record } from "../../src/sessions/store/suite.ts";
import { type LogLine, recordingLogger } from "../../src/kube/testing/recording_logger.ts";
import { silentLogger } from "../../src/telemetry/logger.ts";
import { waitFor } from "../cluster/wait.ts";
import { connectionTo, PREFIX, withRedis } from "./rig.ts";
import type { TestRedis } from "./server.ts";

const { signal } = new AbortController();

/** Runs with a store; and another one on the same. */
function withStores(
  run: (redis: TestRedis, store: RedisSessionStore, other: RedisSessionStore) => Promise<void>,
): Promise<void> {
  return withRedis(async (redis, connection) => {
    const second = connectionTo(redis.access);
    const [store, other] = [storeOn(connection), storeOn(second)];
    try {
      await run(redis, store, other);
    } finally {
      await Promise.all([store.close(), other.close()]);
      await second.close();
    }
  });
}

function storeOn(connection: RedisConnection, log = silentLogger): RedisSessionStore {
  return new RedisSessionStore({ connection, prefix: PREFIX, log });
}

const keysOf = async (redis: TestRedis) => (await redis.command("KEYS", "*") as string[]).sort();

Deno.test("sessions in Redis: what one coordinator writes, the other has", () =>
  withStores(async (_redis, one, other) => {
    const first = await one.create(record({ name: "a" }), 10, signal);
    assert.deepEqual(await other.get(first.id, signal), first);
    const second = await other.update({ ...first, reason: "x" }, signal);
    assert.equal(await one.update({ ...first, reason: "y" }, signal), undefined);
    assert.deepEqual(await one.list({ owner: "ann" }, signal), [second]);
  }));

Deno.test("sessions in Redis: two coordinators at once make one session of a name, and no more than are allowed", () =>
  withStores(async (_redis, one, other) => {
    const both = (make: (store: RedisSessionStore) => Promise<unknown>) =>
      Promise.allSettled(Array.from({ length: 40 }, (_, index) => make(index % 2 === 0 ? one : other)));
    const named = await both((store) => store.create(record({ name: "default", owner: "bob" }), 100, signal));
    assert.equal(named.filter(({ status }) => status === "fulfilled").length, 1);
    const limited = await both((store) => store.create(record(), 7, signal));
    assert.equal(limited.filter(({ status }) => status === "fulfilled").length, 7);
    assert.equal((await other.count(signal)).ready, 8);
  }));

Deno.test("sessions in Redis: all keys have the prefix and go by themselves one day, and none is left of what is deleted", () =>
  withStores(async (redis, store) => {
    const now = Date.now();
    const made = await store.create(
      record({ labels: { a: "1" }, state: "creating", expiresAt: now + 60_000 }),
      10,
      signal,
    );
    const ready = await store.update({ ...made, state: "ready", workerId: "w9", labels: { b: "2" } }, signal);
    await store.touch(made.id, now, now + 3_600_000, signal);
    const keys = await keysOf(redis);
    assert.ok(keys.length > 8);
    for (const key of keys) {
      assert.ok(key.startsWith(`${PREFIX}v1:`), key);
      const left = Number(await redis.command("PTTL", key));
      assert.ok(left > MARGIN_MS + 3_000_000 && left <= MARGIN_MS + 3_600_000, `${key}: ${left}`);
      assert.ok(!/ann|w9/.test(key));
    }
    await store.update({ ...ready!, state: "closed" }, signal);
    await store.delete(made.id, signal);
    assert.deepEqual(await keysOf(redis), []);
  }));

Deno.test("sessions in Redis: other prefixes are others' sessions", () =>
  withRedis(async (_redis, connection) => {
    const options = { connection, log: silentLogger };
    const one = new RedisSessionStore({ ...options, prefix: "a:" });
    const other = new RedisSessionStore({ ...options, prefix: "b:" });
    const made = await one.create(record({ name: "x" }), 1, signal);
    assert.equal(await other.get(made.id, signal), undefined);
    await other.create(record({ name: "x" }), 1, signal);
    assert.deepEqual(await one.list({}, signal), [made]);
  }));

Deno.test("sessions in Redis: one that cannot be read is reported once, left alone, and in nobody's way", () =>
  withRedis(async (redis, connection) => {
    const { logger, lines } = recordingLogger();
    const store = storeOn(connection, logger);
    const [odd, good] = [
      await store.create(record({ expiresAt: 1 }), 10, signal),
      await store.create(record({ expiresAt: 2 }), 10, signal),
    ];
    const key = `${PREFIX}v1:r:${odd.id}`;
    for (const json of ["{", "{}", JSON.stringify({ ...good }), '{"secret":"hunter2"}']) {
      await redis.command("HSET", key, "j", json);
      assert.equal(await store.get(odd.id, signal), undefined);
    }
    assert.deepEqual(await store.list({ owner: "ann" }, signal), [good]);
    assert.deepEqual(await store.expired(10, 1, signal), [good.id]);
    const warnings = lines.filter(({ level }) => level === "warn");
    assert.equal(warnings.length, 1);
    assert.equal(warnings[0]?.fields["session_id"], odd.id);
    assert.equal(await redis.command("EXISTS", key), 1);
  }));

Deno.test("sessions in Redis: what went by itself is in no list, number, name or limit any more", () =>
  withStores(async (redis, store) => {
    const gone = [
      await store.create(record({ name: "a", workerId: "w7" }), 2, signal),
      await store.create(record({ name: "b" }), 2, signal),
    ];
    for (const { id } of gone) await redis.command("DEL", `${PREFIX}v1:r:${id}`);
    await store.create(record({ name: "a" }), 2, signal);
    await store.create(record({ name: "b" }), 2, signal);
    await assert.rejects(store.create(record(), 2, signal), { code: "limit" });
    assert.deepEqual(await store.list({ workerId: "w7" }, signal), []);
    assert.equal((await store.list({}, signal)).length, 2);
    const left = await store.expired(Date.now(), 10, signal);
    assert.equal(left.some((id) => gone.some((one) => one.id === id)), false);
    assert.equal((await store.count(signal)).ready, 2);
  }));

Deno.test("sessions in Redis: of those that are overdue, ones that went by themselves hide no others", () =>
  withStores(async (redis, store) => {
    const all = [];
    for (let at = 1; at <= 12; at++) {
      all.push(await store.create(record({ expiresAt: at }), 100, signal));
    }
    for (const { id } of all.slice(0, 9)) await redis.command("DEL", `${PREFIX}v1:r:${id}`);
    assert.deepEqual(await store.expired(100, 2, signal), all.slice(9, 11).map(({ id }) => id));
    assert.equal((await store.count(signal)).ready, 3);
  }));

Deno.test("sessions in Redis: very many that went by themselves are forgotten in several steps, and hold nobody up", () =>
  withStores(async (redis, store) => {
    const gone = Array.from({ length: 12_000 }, (_, index) => ["1", `sess-gone-${index}`]).flat();
    await redis.command("ZADD", `${PREFIX}v1:e`, ...gone);
    const over = await store.create(record({ expiresAt: 2 }), 10, signal);
    const left = async () => Number(await redis.command("ZCARD", `${PREFIX}v1:e`));
    assert.deepEqual(await store.expired(1_000, 1_000, signal), []);
    assert.equal(await left(), 2_001);
    assert.deepEqual(await store.expired(1_000, 1_000, signal), [over.id]);
    assert.equal(await left(), 1);
  }));

Deno.test("sessions in Redis: pages of very long lists are put together", () =>
  withStores(async (_redis, store) => {
    const all = await Promise.all(
      Array.from({ length: 1_203 }, (_, index) => store.create(record({ createdAt: index }), 10_000, signal)),
    );
    const listed = await store.list({}, signal);
    assert.deepEqual(listed.map(({ id }) => id), all.map(({ id }) => id).reverse());
    assert.equal((await store.list({ owner: "ann", states: ["ready"] }, signal)).length, 1_203);
  }));

/** A connection on which a test can see that a write is on its way, and lose the answer to one that was carried out. */
function watched(redis: TestRedis) {
  const state = { losesNext: false, sent: Promise.withResolvers<void>() };
  const connection = connectionTo(redis.access, {
    open: async (timeoutMs, signal) => {
      const wire: RedisWire = await openWire(redis.access, timeoutMs, signal);
      return {
        get whenLost() {
          return wire.whenLost;
        },
        end: (why) => wire.end(why),
        call: async (args, asBytes) => {
          const called = wire.call(args, asBytes);
          if (!String(args[0]).startsWith("EVAL")) return await called;
          state.sent.resolve();
          const reply = await called;
          if (!state.losesNext) return reply;
          state.losesNext = false;
          wire.end("lost on the way");
          throw new RedisLost("lost on the way");
        },
      };
    },
  });
  return { connection, state };
}

/** Runs with a store on such a connection, and another one. */
function withWatched(
  run: (
    given: {
      readonly redis: TestRedis;
      readonly state: ReturnType<typeof watched>["state"];
      readonly store: RedisSessionStore;
      readonly other: RedisSessionStore;
      readonly lines: readonly LogLine[];
    },
  ) => Promise<void>,
): Promise<void> {
  return withRedis(async (redis, second) => {
    const { connection, state } = watched(redis);
    const { logger, lines } = recordingLogger();
    const store = new RedisSessionStore({ connection, prefix: PREFIX, log: logger, settledMs: 200 });
    const other = storeOn(second);
    try {
      await Promise.all([store.count(signal), other.count(signal)]);
      await run({ redis, state, store, other, lines });
    } finally {
      await Promise.all([store.close(), other.close()]);
      await connection.close();
    }
  });
}

Deno.test("sessions in Redis: a write whose answer was lost is known as its own when it is tried again", () =>
  withWatched(async ({ redis, state, store }) => {
    state.losesNext = true;
    const made = await store.create(record({ name: "once" }), 1, signal);
    assert.equal(made.version, 1);
    assert.equal((await store.list({}, signal)).length, 1);
    state.losesNext = true;
    const second = await store.update({ ...made, reason: "x" }, signal);
    assert.equal(second?.version, 2);
    state.losesNext = true;
    assert.equal(await store.touch(made.id, 5_000, 6_000, signal), true);
    state.losesNext = true;
    await store.delete(made.id, signal);
    assert.equal(state.losesNext, false);
    assert.deepEqual(await keysOf(redis), []);
  }));

/** Has something written while the server stands still, and gives it up when it is on its way. */
async function givenUp(
  redis: TestRedis,
  state: ReturnType<typeof watched>["state"],
  write: (signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const stop = new AbortController();
  redis.pause();
  state.sent = Promise.withResolvers();
  const writing = write(stop.signal);
  await state.sent.promise;
  stop.abort(new Error("enough"));
  await assert.rejects(writing, { message: "enough" });
  redis.resume();
}

Deno.test("sessions in Redis: what a caller gave up while it was made is undone, what they were told of is not", () =>
  withWatched(async ({ redis, state, store, other, lines }) => {
    const kept = await store.create(record({ name: "kept" }), 10, signal);
    const given = record({ name: "given-up" });
    await givenUp(redis, state, (signal) => store.create(given, 10, signal));
    await waitFor(() => lines.some(({ message }) => message === "a session that nobody waited for is gone"), {
      what: "the undoing",
    });
    assert.deepEqual(await other.list({}, signal), [kept]);
    await other.create(record({ name: "given-up" }), 2, signal);
  }));

Deno.test("sessions in Redis: the same that was given up is made when it is tried again, and stays", () =>
  withWatched(async ({ redis, state, store, other, lines }) => {
    const given = record({ name: "again" });
    await givenUp(redis, state, (signal) => store.create(given, 10, signal));
    const made = await store.create(given, 10, signal);
    const moved = await store.update({ ...made, reason: "moved on" }, signal);
    await waitFor(() => lines.some(({ message }) => /nobody waited for/.test(message)), {
      what: "the undoing",
    });
    assert.deepEqual(await other.get(given.id, signal), moved);
  }));

Deno.test("sessions in Redis: an update that was given up, and was done, is its own when it is tried again", () =>
  withWatched(async ({ redis, state, store, other }) => {
    const made = await store.create(record(), 10, signal);
    const next = { ...made, reason: "x" };
    await givenUp(redis, state, (signal) => store.update(next, signal));
    await waitFor(async () => (await other.get(made.id, signal))?.version === 2, { what: "the late write" });
    assert.equal(await other.update(next, signal), undefined);
    assert.equal((await store.update(next, signal))?.version, 2);
  }));

Deno.test("sessions in Redis: names of owners and labels are told apart however they are written", () =>
  withStores(async (_redis, store) => {
    const owners = ["a", "A", "a ", 'a"', "a:b", "a\nb", "😀", ""];
    for (const owner of owners) {
      await store.create(record({ owner, name: "same", labels: { a: "b" } }), 1, signal);
    }
    for (const owner of owners) {
      const found = await store.list({ owner, labels: { a: "b" } }, signal);
      assert.deepEqual(found.map((one) => one.owner), [owner]);
    }
    assert.equal(new Set(owners.map((owner) => hashOf(owner))).size, owners.length);
  }));
