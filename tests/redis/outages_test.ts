/** A Redis that goes away while sessions are written, in all the ways that it can. */
import assert from "node:assert/strict";
import { RedisSessionStore } from "../../src/sessions/store/redis/sessions.ts";
import { record } from "../../src/sessions/store/suite.ts";
import { silentLogger } from "../../src/telemetry/logger.ts";
import { sleep } from "../../src/telemetry/clock.ts";
import { waitFor } from "../cluster/wait.ts";
import { writeThrough } from "./outages.ts";
import { connectionTo, PREFIX } from "./rig.ts";
import { startRedis } from "./server.ts";

const { signal } = new AbortController();

Deno.test("a Redis that stands still for some seconds: calls fail clearly, nothing is lost, nothing is there twice", async () => {
  await using redis = await startRedis();
  const report = await writeThrough({
    redis,
    outages: async () => {
      for (const ms of [300, 4_000, 100]) {
        await sleep(200);
        redis.pause();
        await sleep(ms);
        redis.resume();
      }
      await sleep(500);
    },
  });
  assert.ok(report.failed > 0, "nobody has noticed");
  assert.ok(report.calls > report.failed);
});

Deno.test("a Redis that is restarted, and one that is killed, has what it has confirmed; connections come back by themselves", async () => {
  await using redis = await startRedis({ keeps: true });
  const report = await writeThrough({
    redis,
    outages: async () => {
      for (const how of ["SIGTERM", "SIGKILL", "SIGKILL"] as const) {
        await sleep(300);
        await redis.stop(how);
        await sleep(700);
        await redis.start();
      }
      await sleep(500);
    },
  });
  assert.ok(report.calls > 0);
});

Deno.test("connections that are cut in the middle of calls: what was on its way is done once", async () => {
  await using redis = await startRedis();
  const report = await writeThrough({
    redis,
    outages: async () => {
      for (let round = 0; round < 20; round++) {
        await sleep(50);
        await redis.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
      }
      await sleep(500);
    },
  });
  assert.ok(report.calls > 0);
});

Deno.test("a Redis that is not there: every call of the store ends in about two seconds, later ones at once", async () => {
  await using redis = await startRedis();
  const connection = connectionTo(redis.access, { callMs: undefined });
  const store = new RedisSessionStore({ connection, prefix: PREFIX, log: silentLogger });
  const patient = connectionTo(redis.access);
  const other = new RedisSessionStore({ connection: patient, prefix: PREFIX, log: silentLogger });
  try {
    const made = await other.create(record(), 10, signal);
    await waitFor(() => connection.trouble === undefined, { what: "Redis" });
    redis.pause();
    const calls = () => [
      store.create(record(), 10, signal),
      store.get(made.id, signal),
      store.list({}, signal),
      store.update({ ...made, reason: "x" }, signal),
      store.touch(made.id, 5_000, 6_000, signal),
      store.delete("sess-none", signal),
      store.expired(1, 1, signal),
      store.count(signal),
    ];
    const started = performance.now();
    for (const result of await Promise.allSettled(calls())) {
      assert.equal(result.status === "rejected" && result.reason.code, "unavailable");
    }
    // Two seconds, on a machine that does much else.
    assert.ok(performance.now() - started < 20_000);
    await waitFor(() => /does not answer/.test(connection.trouble?.text ?? ""), { what: "the trouble" });
    redis.resume();
    await waitFor(() => connection.trouble === undefined, { what: "Redis" });
    assert.equal((await other.get(made.id, signal))?.id, made.id);
    // What was too late was not done any more, and what was not, was undone or is the same.
    const listed = await waitFor(async () => {
      const all = await other.list({}, signal);
      return all.length === 1 && all;
    }, { what: "one session" });
    assert.ok([1, 2].includes(listed[0]?.version ?? 0));
  } finally {
    for (const each of [store, other]) await each.close();
    for (const each of [connection, patient]) await each.close();
  }
});
