/** What every store of sessions must do. For tests alone. */
import assert from "node:assert/strict";
import { type SessionRecord, STANDARD_LIMITS } from "../types.ts";
import type { SessionStore } from "./types.ts";

export interface StoreSuite {
  /** Of the implementation: begins the names of its tests. */
  readonly name: string;
  /** An empty one. */
  readonly open: () => Promise<SessionStore>;
  /** @default {10_000} */
  readonly many?: number | undefined;
}

let ids = 0;
/** A record that differs from all others. */
export function record(given: Partial<SessionRecord> = {}): SessionRecord {
  const number = String(++ids).padStart(16, "0");
  return {
    id: `sess-${number}`,
    name: `s-${number}`,
    owner: "ann",
    ownerName: "Ann",
    labels: {},
    metadata: {},
    limits: STANDARD_LIMITS,
    state: "ready",
    reason: "",
    workerId: "w1",
    incarnation: "i1",
    sharedStorage: "",
    isolation: "full",
    createdAt: 1_000,
    lastUsedAt: 1_000,
    expiresAt: 2_000,
    ttlMs: 1_000,
    version: 1,
    ...given,
  };
}

/** Registers the tests of one implementation. */
export function testSessionStore({ name, open, many = 10_000 }: StoreSuite): void {
  const { signal } = new AbortController();
  const test = (what: string, run: (store: SessionStore) => Promise<void>) =>
    Deno.test(`${name}: ${what}`, async () => {
      const store = await open();
      try {
        await run(store);
      } finally {
        await store.close();
      }
    });
  const names = (records: readonly SessionRecord[]) => records.map(({ name }) => name);

  test("a record is kept as it was given, with version 1", async (store) => {
    const given = record({
      labels: { a: "1" },
      metadata: { "größe": '\u{1f600} "x"\n' },
      owner: "o:\0 '\"",
      version: 77,
    });
    const kept = await store.create(given, 1_000, signal);
    assert.deepEqual(kept, { ...given, version: 1 });
    assert.deepEqual(await store.get(given.id, signal), kept);
    assert.equal(await store.get("sess-none", signal), undefined);
  });

  test("what was given may be changed afterwards, what is kept may not", async (store) => {
    const labels: Record<string, string> = { a: "1" };
    const given = record({ labels });
    await store.create(given, 1_000, signal);
    labels["a"] = "2";
    assert.deepEqual((await store.get(given.id, signal))?.labels, { a: "1" });
  });

  test("an id is there once, and an open name once for each owner", async (store) => {
    const first = await store.create(record({ name: "one", state: "creating" }), 1_000, signal);
    await assert.rejects(store.create(record({ id: first.id }), 1_000, signal), { code: "conflict" });
    await assert.rejects(store.create(record({ name: "one" }), 1_000, signal), {
      code: "conflict",
      message: /named one already/,
    });
    await store.create(record({ name: "one", owner: "bob" }), 1_000, signal);
    for (const state of ["closed", "failed", "expired"] as const) {
      await store.create(record({ name: "one", state }), 1_000, signal);
    }
    assert.equal((await store.list({ name: "one" }, signal)).length, 5);
  });

  test("a name is free again when its session is over or gone", async (store) => {
    const first = await store.create(record({ name: "one" }), 1_000, signal);
    await store.update({ ...first, state: "closed" }, signal);
    const second = await store.create(record({ name: "one" }), 1_000, signal);
    await store.delete(second.id, signal);
    await store.create(record({ name: "one" }), 1_000, signal);
  });

  test("an owner has no more open ones than was said, however many are created at once", async (store) => {
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, () => store.create(record(), 3, signal)),
    );
    const refused = results.filter((result) => result.status === "rejected");
    assert.equal(refused.length, 17);
    for (const { reason } of refused) assert.equal(reason.code, "limit", String(reason));
    await store.create(record({ owner: "bob" }), 1, signal);
    await store.create(record({ state: "closed" }), 3, signal);
    const [first] = await store.list({ owner: record().owner, states: ["creating", "ready"] }, signal);
    await store.update({ ...first!, state: "closed" }, signal);
    await store.create(record(), 3, signal);
    await assert.rejects(store.create(record(), 3, signal), { code: "limit" });
  });

  test("of many who create one name at once, one does", async (store) => {
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, () => store.create(record({ name: "default" }), 1_000, signal)),
    );
    assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
    assert.equal((await store.list({ name: "default" }, signal)).length, 1);
  });

  test("of many who write one version at once, one does", async (store) => {
    const first = await store.create(record(), 1_000, signal);
    const results = await Promise.all(
      Array.from(
        { length: 20 },
        (_, index) => store.update({ ...first, metadata: { by: String(index) } }, signal),
      ),
    );
    const written = results.filter((result) => result !== undefined);
    assert.equal(written.length, 1);
    assert.equal(written[0]?.version, 2);
    assert.deepEqual(await store.get(first.id, signal), written[0]);
  });

  test("an old version is not written, nor what is gone", async (store) => {
    const first = await store.create(record(), 1_000, signal);
    const second = await store.update({ ...first, reason: "a" }, signal);
    assert.equal(second?.version, 2);
    assert.equal(await store.update({ ...first, reason: "b" }, signal), undefined);
    assert.equal((await store.get(first.id, signal))?.reason, "a");
    await store.delete(first.id, signal);
    assert.equal(await store.update(second, signal), undefined);
    assert.equal(await store.get(first.id, signal), undefined);
  });

  test("an update can write an earlier end", async (store) => {
    const first = await store.create(record({ expiresAt: 9_000 }), 1_000, signal);
    assert.equal((await store.update({ ...first, expiresAt: 3_000 }, signal))?.expiresAt, 3_000);
  });

  test("a touch moves times on, never back, and leaves the version", async (store) => {
    const first = await store.create(record(), 1_000, signal);
    assert.equal(await store.touch(first.id, 5_000, 6_000, signal), true);
    assert.equal(await store.touch(first.id, 4_000, 5_500, signal), true);
    const touched = await store.get(first.id, signal);
    assert.deepEqual(touched, { ...first, lastUsedAt: 5_000, expiresAt: 6_000 });
    assert.equal((await store.update({ ...touched!, reason: "x" }, signal))?.version, 2);
  });

  test("what is over or gone is not touched", async (store) => {
    const closed = await store.create(record({ state: "closed" }), 1_000, signal);
    assert.equal(await store.touch(closed.id, 5_000, 6_000, signal), false);
    assert.equal((await store.get(closed.id, signal))?.expiresAt, 2_000);
    assert.equal(await store.touch("sess-none", 5_000, 6_000, signal), false);
    const creating = await store.create(record({ state: "creating" }), 1_000, signal);
    assert.equal(await store.touch(creating.id, 5_000, 6_000, signal), true);
  });

  test("touches at once: the newest counts", async (store) => {
    const first = await store.create(record(), 1_000, signal);
    const times = Array.from({ length: 30 }, (_, index) => 2_000 + (index * 7_919) % 1_000);
    await Promise.all(times.map((at) => store.touch(first.id, at, at + 10, signal)));
    const kept = await store.get(first.id, signal);
    assert.equal(kept?.lastUsedAt, Math.max(...times));
    assert.equal(kept?.expiresAt, Math.max(...times) + 10);
  });

  test("the list is by creation, newest first, then by id", async (store) => {
    const [a, b] = [record({ createdAt: 5 }), record({ createdAt: 5 })];
    await store.create(b, 1_000, signal);
    await store.create(record({ name: "newest", createdAt: 9 }), 1_000, signal);
    await store.create(a, 1_000, signal);
    assert.deepEqual(names(await store.list({}, signal)), ["newest", a.name, b.name]);
  });

  test("every filter counts, and all of them together", async (store) => {
    await store.create(record({ name: "a", labels: { team: "x", env: "dev" } }), 1_000, signal);
    await store.create(record({ name: "b", labels: { team: "x" }, workerId: "w2" }), 1_000, signal);
    await store.create(
      record({ name: "c", owner: "bob", labels: { team: "x" }, state: "closed" }),
      1_000,
      signal,
    );
    const sorted = async (filter: Parameters<SessionStore["list"]>[0]) =>
      names(await store.list(filter, signal)).sort().join("");
    assert.equal(await sorted({}), "abc");
    assert.equal(await sorted({ owner: "ann" }), "ab");
    assert.equal(await sorted({ owner: "nobody" }), "");
    assert.equal(await sorted({ workerId: "w2" }), "b");
    assert.equal(await sorted({ states: ["closed", "failed"] }), "c");
    assert.equal(await sorted({ states: [] }), "");
    assert.equal(await sorted({ name: "a" }), "a");
    assert.equal(await sorted({ owner: "ann", name: "c" }), "");
    assert.equal(await sorted({ owner: "ann", name: "a", states: ["ready"] }), "a");
    assert.equal(await sorted({ owner: "ann", name: "a", states: ["closed"] }), "");
    assert.equal(await sorted({ labels: { team: "x" } }), "abc");
    assert.equal(await sorted({ labels: { team: "x", env: "dev" } }), "a");
    assert.equal(await sorted({ labels: { team: "y" } }), "");
    assert.equal(await sorted({ labels: { toString: "x" } }), "");
    assert.equal(await sorted({ owner: "ann", labels: { team: "x" }, workerId: "w1" }), "a");
  });

  test("what is overdue comes longest over first, by pages", async (store) => {
    const late = [record({ expiresAt: 300 }), record({ expiresAt: 100 }), record({ expiresAt: 200 })];
    for (const one of late) await store.create(one, 1_000, signal);
    await store.create(record({ expiresAt: 1_000 }), 1_000, signal);
    const inOrder = [late[1]!.id, late[2]!.id, late[0]!.id];
    assert.deepEqual(await store.expired(1_000, 10, signal), inOrder);
    assert.deepEqual(await store.expired(1_000, 2, signal), inOrder.slice(0, 2));
    await store.delete(inOrder[0]!, signal);
    await store.touch(inOrder[1]!, 2_000, 3_000, signal);
    assert.deepEqual(await store.expired(1_000, 2, signal), [inOrder[2]]);
    assert.deepEqual(await store.expired(300, 2, signal), []);
  });

  test("numbers by state follow what happens", async (store) => {
    const none = { creating: 0, ready: 0, failed: 0, closed: 0, expired: 0 };
    assert.deepEqual(await store.count(signal), none);
    const one = await store.create(record({ state: "creating" }), 1_000, signal);
    const two = await store.create(record(), 1_000, signal);
    assert.deepEqual(await store.count(signal), { ...none, creating: 1, ready: 1 });
    await store.update({ ...one, state: "ready" }, signal);
    await store.touch(one.id, 5_000, 6_000, signal);
    assert.deepEqual(await store.count(signal), { ...none, ready: 2 });
    await store.update({ ...two, state: "expired" }, signal);
    await store.delete(one.id, signal);
    await store.delete(one.id, signal);
    assert.deepEqual(await store.count(signal), { ...none, expired: 1 });
  });

  test("nothing is done for who has given up", async (store) => {
    const kept = await store.create(record(), 1_000, signal);
    const reason = new Error("given up");
    const aborted = AbortSignal.abort(reason);
    const calls = [
      store.create(record(), 1_000, aborted),
      store.get(kept.id, aborted),
      store.list({}, aborted),
      store.update({ ...kept, reason: "x" }, aborted),
      store.touch(kept.id, 9_000, 9_000, aborted),
      store.delete(kept.id, aborted),
      store.expired(9_000, 1, aborted),
      store.count(aborted),
    ];
    for (const result of await Promise.allSettled(calls)) {
      assert.deepEqual(result, { status: "rejected", reason });
    }
    assert.deepEqual(await store.list({}, signal), [kept]);
  });

  test("what one owner has is found among many", async (store) => {
    for (let index = 0; index < many; index++) {
      await store.create(
        record({ owner: `o${index % (many / 10)}`, createdAt: index, state: index % 2 ? "ready" : "closed" }),
        1_000_000,
        signal,
      );
    }
    for (let owner = 0; owner < many / 10; owner++) {
      const found = await store.list({ owner: `o${owner}` }, signal);
      assert.equal(found.length, 10);
      assert.ok(found.every((one, index) => index === 0 || one.createdAt < found[index - 1]!.createdAt));
    }
    const { ready, closed } = await store.count(signal);
    assert.equal(ready + closed, many);
  });
}
