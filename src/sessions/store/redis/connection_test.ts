import assert from "node:assert/strict";
import { PrometheusMetrics } from "../../../telemetry/prometheus.ts";
import { settle } from "../../../telemetry/testing/fake_clock.ts";
import { SessionError } from "../../types.ts";
import { type RedisConnection, UnknownOutcome } from "./connection.ts";
import { redisScript } from "./script.ts";
import { FakeRedis } from "./testing.ts";
import { RedisLost, RedisRefusal } from "./wire.ts";

const { signal } = new AbortController();
const read = { operation: "test.read", signal, reads: true };
const write = { operation: "test.write", signal };
const SCRIPT = redisScript("return 1");
const NOTHING = /^the session store .*; nothing was done: try again in a moment$/;
const UNKNOWN =
  /^the session store .*; it is not known whether it was done: look, and try again in a moment$/;

/** Runs with a server and a connection, and ends that whatever time it takes by the clock. */
async function use(
  run: (redis: FakeRedis, connection: RedisConnection) => Promise<void>,
  prepare: (redis: FakeRedis) => void = () => {},
): Promise<void> {
  const redis = new FakeRedis();
  prepare(redis);
  const connection = redis.connection();
  try {
    await settle();
    await run(redis, connection);
  } finally {
    const closed = connection.close();
    await redis.clock.advance(60_000);
    await closed;
  }
}

/** The error of something, now that time is over for it. */
async function errorOf(call: Promise<unknown>): Promise<SessionError> {
  const error = await call.then(() => undefined, (error) => error);
  assert.ok(error instanceof SessionError, String(error));
  assert.equal(error.code, "unavailable");
  return error;
}

Deno.test("connection: commands are sent once, and answered", () =>
  use(async (redis, connection) => {
    assert.equal(connection.trouble, undefined);
    const asked = connection.command(["GET", "a"], read);
    await settle();
    assert.deepEqual(redis.calls.map(({ args }) => args), [["GET", "a"]]);
    redis.calls[0]!.answer("1");
    assert.equal(await asked, "1");
    assert.equal(redis.clock.pendingTimers, 0);
  }));

Deno.test("connection: a script is sent whole to a server that does not know it", () =>
  use(async (redis, connection) => {
    redis.answers = ([name]) => name === "EVALSHA" ? new RedisRefusal("NOSCRIPT No matching script") : 1;
    assert.equal(await connection.script(SCRIPT, ["p:", "x"], write), 1);
    const [short, whole] = redis.calls.map(({ args }) => args);
    const until = String(redis.clock.now() + redis.aheadMs + 2_000);
    assert.deepEqual(short, ["EVALSHA", SCRIPT.sha1, "0", until, "p:", "x"]);
    assert.deepEqual(whole, ["EVAL", SCRIPT.text, "0", until, "p:", "x"]);
  }));

Deno.test("connection: a server that was slow to tell its time makes no script valid for longer than its call", async () => {
  const redis = new FakeRedis();
  redis.timeMs = 2_000;
  const connection = redis.connection();
  await redis.clock.advance(2_000);
  assert.equal(connection.trouble, undefined);
  redis.answers = () => 1;
  assert.equal(await connection.script(SCRIPT, ["p:", "x"], write), 1);
  const until = Number(redis.calls[0]!.args[3]);
  assert.ok(until <= redis.clock.now() + redis.aheadMs + 2_000, `${until}`);
  const closed = connection.close();
  await redis.clock.advance(10_000);
  await closed;
});

Deno.test("connection: no answer within two seconds: a read did nothing, of a write it is not known", () =>
  use(async (redis, connection) => {
    const reading = errorOf(connection.command(["GET", "a"], read));
    const writing = errorOf(connection.script(SCRIPT, ["p:"], write));
    await redis.clock.advance(1_999);
    assert.equal(redis.tries.length, 1);
    await redis.clock.advance(1);
    assert.match((await reading).message, NOTHING);
    const error = await writing;
    assert.match(error.message, UNKNOWN);
    assert.ok(error instanceof UnknownOutcome);
    // What does not answer is not asked again.
    await assert.rejects(redis.wire.call(["GET", "b"]), RedisLost);
  }));

Deno.test("connection: what was on its way when it broke is tried again on the next one, in time", () =>
  use(async (redis, connection) => {
    const asked = connection.script(SCRIPT, ["p:"], write);
    await settle();
    redis.wire.end("reset");
    await redis.clock.advance(200);
    assert.equal(redis.tries.length, 2);
    assert.equal(redis.calls.length, 2);
    assert.deepEqual(redis.calls[0]!.args, redis.calls[1]!.args);
    redis.calls[1]!.answer(7);
    assert.equal(await asked, 7);
  }));

Deno.test("connection: it is not known either where the second try is refused, or too late", () =>
  use(async (redis, connection) => {
    const server = String(redis.clock.now() + redis.aheadMs);
    for (const second of [new RedisRefusal("OOM"), ["late", server]]) {
      let tries = 0;
      redis.answers = () => {
        if (tries++ > 0) return second;
        queueMicrotask(() => redis.wire.end("reset"));
        return new RedisLost("reset");
      };
      const asked = errorOf(connection.script(SCRIPT, ["p:"], write));
      await redis.clock.advance(1_000);
      assert.ok(await asked instanceof UnknownOutcome);
    }
  }));

Deno.test("connection: three connections that break in one call are enough", () =>
  use(async (redis, connection) => {
    redis.answers = () => {
      queueMicrotask(() => redis.wire.end("reset"));
      return new RedisLost("reset");
    };
    const asked = errorOf(connection.script(SCRIPT, ["p:"], write));
    await redis.clock.advance(2_000);
    assert.match((await asked).message, UNKNOWN);
    assert.ok(redis.calls.length <= 3, String(redis.calls.length));
  }));

Deno.test("connection: away: calls wait for two seconds at most, and later not at all", () =>
  use(async (redis, connection) => {
    redis.away = new RedisLost("connect ECONNREFUSED");
    redis.wire.end("reset");
    await settle();
    const first = errorOf(connection.script(SCRIPT, ["p:"], write));
    await redis.clock.advance(2_000);
    assert.match((await first).message, NOTHING);
    const at = redis.clock.now();
    const second = await errorOf(connection.command(["GET", "a"], read));
    assert.match(second.message, /does not answer \(connect ECONNREFUSED\); nothing was done/);
    assert.equal(redis.clock.now(), at);
    assert.equal(redis.calls.length, 0);
  }));

Deno.test("connection: it comes back by itself, with longer and longer pauses, five seconds at most", () =>
  use(async (redis, connection) => {
    redis.away = new RedisLost("away");
    redis.wire.end("reset");
    await redis.clock.advance(30_000);
    const pauses = redis.tries.slice(1).map((at, index) => at - redis.tries[index]!);
    assert.deepEqual(pauses.slice(0, 7), [200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    assert.notEqual(connection.trouble, undefined);
    redis.away = undefined;
    await redis.clock.advance(5_000);
    assert.equal(connection.trouble, undefined);
    redis.answers = () => "1";
    assert.equal(await connection.command(["GET", "a"], read), "1");
  }));

Deno.test("connection: pauses differ from coordinator to coordinator", async () => {
  const redis = new FakeRedis();
  redis.away = new RedisLost("away");
  const connection = redis.connection({ random: () => 0 });
  await redis.clock.advance(1_000);
  assert.deepEqual(redis.tries.slice(1).map((at, index) => at - redis.tries[index]!), [100, 200, 400]);
  const closed = connection.close();
  await redis.clock.advance(10_000);
  await closed;
});

Deno.test("connection: who waits while it is away is served when it is back", () =>
  use(async (redis, connection) => {
    redis.answers = () => "1";
    redis.away = new RedisLost("away");
    redis.wire.end("reset");
    await settle();
    const asked = connection.command(["GET", "a"], read);
    redis.away = undefined;
    await redis.clock.advance(300);
    assert.equal(await asked, "1");
  }));

Deno.test("connection: a script that came too late did nothing, and is tried once more with the server's time", () =>
  use(async (redis, connection) => {
    const server = () => redis.clock.now() + redis.aheadMs;
    redis.answers = ([, , , until]) => Number(until) < server() ? ["late", String(server())] : 1;
    redis.aheadMs += 3_600_000;
    assert.equal(await connection.script(SCRIPT, ["p:"], write), 1);
    assert.equal(redis.calls.length, 2);
    assert.equal(await connection.script(SCRIPT, ["p:"], write), 1);
    assert.equal(redis.calls.length, 3);
    redis.answers = () => ["late", String(server())];
    const error = await errorOf(connection.script(SCRIPT, ["p:"], write));
    assert.match(error.message, /took too long; nothing was done/);
    assert.equal(error instanceof UnknownOutcome, false);
  }));

Deno.test("connection: a refusal is told in words, and nothing was done", () =>
  use(async (redis, connection) => {
    redis.answers = () => new RedisRefusal("OOM command not allowed when used memory > 'maxmemory'.");
    const error = await errorOf(connection.script(SCRIPT, ["p:"], write));
    assert.match(error.message, /is full \(maxmemory\): give it more memory; nothing was done/);
    assert.equal(redis.tries.length, 1);
  }));

Deno.test("connection: a primary that has become a replica is left, and not taken again as one", () =>
  use(async (redis, connection) => {
    redis.answers = () => new RedisRefusal("READONLY You can't write against a read only replica.");
    redis.info = "redis_version:7.0.15\r\nrole:slave\r\n";
    const error = await errorOf(connection.script(SCRIPT, ["p:"], write));
    assert.match(error.message, /read-only replica: give the address of the primary/);
    await redis.clock.advance(1_000);
    assert.match(connection.trouble?.text ?? "", /is a replica/);
    assert.equal(connection.trouble?.isSetting, true);
    redis.info = "redis_version:7.0.15\r\nrole:master\r\n";
    await redis.clock.advance(10_000);
    assert.equal(connection.trouble, undefined);
  }));

Deno.test("connection: who gives up is told their reason at once, before and while it is on its way", () =>
  use(async (redis, connection) => {
    const reason = new Error("enough");
    await assert.rejects(
      connection.command(["GET", "a"], { ...read, signal: AbortSignal.abort(reason) }),
      reason,
    );
    assert.equal(redis.calls.length, 0);
    const stop = new AbortController();
    const asked = connection.command(["GET", "a"], { ...read, signal: stop.signal });
    await settle();
    stop.abort(reason);
    await assert.rejects(asked, reason);
    redis.away = new RedisLost("away");
    redis.wire.end("reset");
    await settle();
    const other = new AbortController();
    const waiting = connection.command(["GET", "a"], { ...read, signal: other.signal });
    await settle();
    other.abort(reason);
    await assert.rejects(waiting, reason);
  }));

Deno.test("connection: a server that says nothing after it was connected to is left", async () => {
  const redis = new FakeRedis();
  const open = redis.open;
  let silent = true;
  const connection = redis.connection({
    open: async () => {
      const wire = await open();
      return silent
        ? { ...wire, whenLost: wire.whenLost, end: wire.end.bind(wire), call: () => new Promise(() => {}) }
        : wire;
    },
  });
  await redis.clock.advance(2_999);
  assert.equal(connection.trouble?.text, "has not answered yet");
  await redis.clock.advance(1);
  assert.match(connection.trouble?.text ?? "", /does not answer \(no answer within 3 s\)/);
  silent = false;
  await redis.clock.advance(4_000);
  assert.equal(connection.trouble, undefined);
  const closed = connection.close();
  await redis.clock.advance(10_000);
  await closed;
});

Deno.test("connection: a setting that is wrong is told at once, and tried again all the same", () =>
  use(async (redis, connection) => {
    await connection.whenKnown(signal);
    assert.match(connection.trouble?.text ?? "", /does not take the password/);
    const error = await errorOf(connection.command(["GET", "a"], read));
    assert.match(
      error.message,
      /--session-store-password-file and the user in --session-store; nothing was done/,
    );
    redis.away = undefined;
    await redis.clock.advance(10_000);
    await connection.whenKnown(signal);
    assert.equal(connection.trouble, undefined);
  }, (redis) => {
    redis.away = new RedisRefusal("WRONGPASS invalid username-password pair or user is disabled.");
  }));

Deno.test("connection: once closed nothing is sent any more", async () => {
  const redis = new FakeRedis();
  const connection = redis.connection();
  await settle();
  await connection.close();
  const error = await errorOf(connection.command(["GET", "a"], read));
  assert.match(error.message, /is closed: this process ends/);
  await redis.clock.advance(60_000);
  assert.equal(redis.tries.length, 1);
  assert.equal(redis.clock.pendingTimers, 0);
});

Deno.test("connection: what is wrong is logged once, until it is well again; never what was sent", async () => {
  const redis = new FakeRedis();
  const said: string[] = [];
  const tell = (message: string) => void said.push(message);
  const log = { debug() {}, info: tell, warn: tell, error: tell, child: () => log };
  const connection = redis.connection({}, log);
  await settle();
  redis.away = new RedisLost("away");
  redis.wire.end("reset");
  await redis.clock.advance(60_000);
  redis.away = undefined;
  await redis.clock.advance(10_000);
  assert.deepEqual(said, [
    "the session store is there",
    "the session store does not answer (reset)",
    "the session store does not answer (away)",
    "the session store is there",
  ]);
  const closed = connection.close();
  await redis.clock.advance(10_000);
  await closed;
  assert.equal(said.length, 4);
});

Deno.test("connection: a server that may lose sessions is warned of, once", async () => {
  const redis = new FakeRedis();
  redis.info = "redis_version:7.0.15\r\nmaxmemory:1000\r\nmaxmemory_policy:allkeys-lru\r\naof_enabled:0";
  const warned: string[] = [];
  const log = {
    debug() {},
    info() {},
    warn: (text: string) => void warned.push(text),
    error() {},
    child: () => log,
  };
  const connection = redis.connection({}, log);
  await settle();
  redis.wire.end("reset");
  await redis.clock.advance(1_000);
  assert.equal(connection.trouble, undefined);
  assert.equal(warned.filter((text) => /maxmemory-policy allkeys-lru/.test(text)).length, 1);
  assert.equal(warned.filter((text) => /appendonly no/.test(text)).length, 1);
  const closed = connection.close();
  await redis.clock.advance(10_000);
  await closed;
});

Deno.test("connection: time of calls by what came of them, and whether it is there", async () => {
  const redis = new FakeRedis();
  const metrics = new PrometheusMetrics();
  const connection = redis.connection({ metrics });
  await settle();
  assert.match(await metrics.text(), /coordinator_store_up\{connection="sessions"\} 1/);
  redis.answers = ([name]) => name === "GET" ? "1" : new RedisRefusal("OOM full");
  await connection.command(["GET", "a"], read);
  await errorOf(connection.script(SCRIPT, ["p:"], write));
  redis.away = new RedisLost("away");
  redis.wire.end("reset");
  await settle();
  const text = await metrics.text();
  assert.match(text, /coordinator_store_seconds_count\{operation="test.read",result="ok"\} 1/);
  assert.match(text, /coordinator_store_seconds_count\{operation="test.write",result="unavailable"\} 1/);
  assert.match(text, /coordinator_store_up\{connection="sessions"\} 0/);
  const closed = connection.close();
  await redis.clock.advance(10_000);
  await closed;
});
