/** Texts and claims that coordinators share, and what all scripts have. */
import assert from "node:assert/strict";
import { redisScript, scriptArguments } from "../../src/sessions/store/redis/script.ts";
import { RedisClaims, RedisText } from "../../src/sessions/store/redis/shared_text.ts";
import { waitFor } from "../cluster/wait.ts";
import { connectionTo, PREFIX, withRedis } from "./rig.ts";

const { signal } = new AbortController();

Deno.test("a text is what it was replaced by, where it was what was meant; the same twice is no more than once", () =>
  withRedis(async (redis, connection) => {
    const text = new RedisText({ connection, prefix: PREFIX, name: "keys" });
    assert.equal(await text.read(signal), undefined);
    assert.equal(await text.replace("x", "a", signal), false);
    assert.equal(await text.replace(undefined, "a\0ü", signal), true);
    assert.equal(await text.replace(undefined, "b", signal), false);
    assert.equal(await text.read(signal), "a\0ü");
    assert.equal(await text.replace("a\0ü", "c", signal), true);
    assert.equal(await text.replace("a\0ü", "c", signal), true);
    assert.equal(await text.replace("a\0ü", "d", signal), false);
    assert.equal(await text.read(signal), "c");
    const other = new RedisText({ connection, prefix: PREFIX, name: "other" });
    assert.equal(await other.read(signal), undefined);
    assert.ok(Number(await redis.command("PTTL", `${PREFIX}v1:t:keys`)) > 0);
  }));

Deno.test("of many who replace a text at once one does", () =>
  withRedis(async (redis, connection) => {
    const second = connectionTo(redis.access);
    try {
      const done = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          new RedisText({ connection: index % 2 ? connection : second, prefix: PREFIX, name: "keys" })
            .replace(undefined, `text ${index}`, signal)),
      );
      assert.equal(done.filter(Boolean).length, 1);
    } finally {
      await second.close();
    }
  }));

Deno.test("a text that is read stays; how long is counted from then", () =>
  withRedis(async (redis, connection) => {
    const key = `${PREFIX}v1:t:keys`;
    const text = new RedisText({ connection, prefix: PREFIX, name: "keys" });
    await text.replace(undefined, "a", signal);
    await redis.command("PEXPIRE", key, "600000");
    assert.equal(await text.read(signal), "a");
    assert.ok(Number(await redis.command("PTTL", key)) > 1_000_000);
  }));

Deno.test("a name is taken once at all coordinators, until its time is over", () =>
  withRedis(async (redis, connection) => {
    const second = connectionTo(redis.access);
    const claims = [connection, second].map((one) =>
      new RedisClaims({ connection: one, prefix: PREFIX, name: "plan" })
    );
    try {
      const done = await Promise.all(
        Array.from({ length: 10 }, (_, index) => claims[index % 2]!.claim("nonce", 3_600_000, signal)),
      );
      assert.equal(done.filter(Boolean).length, 1);
      assert.equal(await claims[0]!.claim("other", 1, signal), true);
      await waitFor(() => claims[1]!.claim("other", 3_600_000, signal), { what: "the end of a claim" });
      assert.equal(await claims[0]!.claim("other", 1, signal), false);
      const others = new RedisClaims({ connection, prefix: PREFIX, name: "something" });
      assert.equal(await others.claim("nonce", 1_000, signal), true);
    } finally {
      await second.close();
    }
  }));

Deno.test("a script that comes after its time does nothing, and gives the server's time", () =>
  withRedis(async (redis) => {
    const script = redisScript("redis.call('SET', p .. ARGV[3], 'x') return {'done'}");
    const wire = await redis.connect();
    try {
      const [seconds] = await wire.call(["TIME"]) as readonly string[];
      const now = Number(seconds) * 1_000;
      const run = (until: number) => wire.call(scriptArguments(script, String(until), [PREFIX, "a"], true));
      const late = await run(now - 1) as readonly string[];
      assert.equal(late[0], "late");
      assert.ok(Number(late[1]) >= now && Number(late[1]) < now + 3_600_000, String(late[1]));
      assert.equal(await redis.command("GET", `${PREFIX}a`), null);
      assert.deepEqual(await run(now + 3_600_000), ["done"]);
      assert.equal(await redis.command("GET", `${PREFIX}a`), "x");
      assert.deepEqual(
        await wire.call(scriptArguments(script, String(now + 3_600_000), [PREFIX, "b"], false)),
        ["done"],
      );
    } finally {
      wire.end("done");
    }
  }));
