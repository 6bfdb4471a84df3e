import assert from "node:assert/strict";
import { RedisLost, RedisRefusal } from "../../src/sessions/store/redis/wire.ts";
import { openWire } from "../../src/sessions/store/redis/wire.ts";
import { startRedis } from "./server.ts";

const { signal } = new AbortController();

Deno.test("a Redis answers, keeps nothing over its restart, or all where that was asked", async () => {
  for (const keeps of [false, true]) {
    await using redis = await startRedis({ keeps });
    assert.equal(await redis.command("SET", "a", "1"), "OK");
    for (const how of ["SIGTERM", "SIGKILL"] as const) {
      await redis.stop(how);
      await assert.rejects(redis.connect(), RedisLost);
      await redis.start();
      assert.equal(await redis.command("GET", "a"), keeps ? "1" : null);
    }
  }
});

Deno.test("a Redis with a password, TLS and certificates of clients lets those in alone who have them", async () => {
  await using redis = await startRedis({ password: "hunter2", tls: true, clientCertificates: true });
  assert.match(redis.url, /^rediss:/);
  assert.equal(await redis.command("PING"), "PONG");
  const { access } = redis;
  await assert.rejects(openWire({ ...access, password: "wrong" }, 60_000, signal), RedisRefusal);
  await assert.rejects(
    openWire({ ...access, ca: undefined }, 60_000, signal),
    /certificate|UnknownIssuer|authority/i,
  );
  await assert.rejects(openWire({ ...access, cert: undefined, key: undefined }, 60_000, signal), RedisLost);
});

Deno.test("a Redis that is paused takes connections and says nothing, until it goes on", async () => {
  await using redis = await startRedis();
  const wire = await redis.connect();
  redis.pause();
  let answered = false;
  const asked = wire.call(["PING"]).then((reply) => {
    answered = true;
    return reply;
  });
  await assert.rejects(openWire(redis.access, 200, signal), { message: /no answer within 0.2 s/ });
  assert.equal(answered, false);
  redis.resume();
  assert.equal(await asked, "PONG");
  wire.end("done");
  assert.match((await wire.whenLost).message, /done/);
  await assert.rejects(wire.call(["PING"]), RedisLost);
});

Deno.test("who gives up while it connects is told so", async () => {
  await using redis = await startRedis();
  redis.pause();
  const stop = new AbortController();
  const opening = openWire(redis.access, 60_000, stop.signal);
  stop.abort(new Error("enough"));
  await assert.rejects(opening, { message: "enough" });
  redis.resume();
});
