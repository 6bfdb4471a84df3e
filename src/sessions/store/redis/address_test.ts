import assert from "node:assert/strict";
import { parseRedisAddress, RedisAddressError, redisAddressText } from "./address.ts";

Deno.test("addresses are read as they are written", () => {
  assert.deepEqual(parseRedisAddress("redis://redis"), {
    host: "redis",
    port: 6379,
    isTls: false,
    database: 0,
  });
  assert.deepEqual(parseRedisAddress("rediss://an%40n@redis.example.com:6380/2"), {
    host: "redis.example.com",
    port: 6380,
    isTls: true,
    user: "an@n",
    database: 2,
  });
  assert.equal(parseRedisAddress("REDIS://[::1]:7000/").host, "::1");
  assert.equal(parseRedisAddress("redis://10.0.0.1/15").database, 15);
});

Deno.test("addresses are written as they are read", () => {
  for (const text of ["redis://redis:6379/0", "rediss://an%40n@redis:6380/2", "redis://[::1]:7000/1"]) {
    assert.equal(redisAddressText(parseRedisAddress(text)), text);
  }
});

Deno.test("a password is refused, and no message has it", () => {
  for (
    const text of ["redis://:hunter2@a", "redis://u:hunter2@a", "rediss://u:hunter2@a:1/2", "redis://u:@a"]
  ) {
    assert.throws(() => parseRedisAddress(text), (error) => {
      assert.ok(error instanceof RedisAddressError);
      assert.match(error.message, /no password in it/);
      assert.doesNotMatch(error.message, /hunter2/);
      return true;
    });
  }
});

Deno.test("what is no Redis, or one that is not supported, is refused in words", () => {
  const refused = (text: string, words: RegExp) =>
    assert.throws(
      () => parseRedisAddress(text),
      (error) => error instanceof RedisAddressError && words.test(error.message),
      text,
    );
  for (
    const text of [
      "",
      "redis",
      "redis:6379",
      "http://a",
      "redis://",
      "unix:///x",
      "redis://a:0",
      "redis://%zz@a",
    ]
  ) {
    refused(text, /^must be redis:/);
  }
  for (const text of ["redis://a,b:1", "redis://a:1,b:1"]) refused(text, /^must be redis:/);
  for (const text of ["redis://a/x", "redis://a/-1", "redis://a/1/2", "redis://a/99999"]) {
    refused(text, /the database is a number/);
  }
  for (const text of ["redis://a/1?x=1", "redis://a#x"]) refused(text, /nothing after the database/);
  for (const text of ["redis-sentinel://a", "redis+sentinel://a/mymaster"]) refused(text, /Sentinels/);
  refused("redis+cluster://a", /Redis Cluster/);
});

Deno.test("whatever it is given, it answers or refuses", () => {
  const parts = [
    "redis",
    "rediss",
    ":",
    "//",
    "@",
    "/",
    "[",
    "]",
    "::1",
    "0",
    "é",
    "%",
    " ",
    "\0",
    "?",
    "#",
    "a".repeat(99),
  ];
  let state = 7;
  for (let round = 0; round < 3_000; round++) {
    let text = "redis://".slice(0, round % 9);
    for (let at = 0; at < round % 7; at++) {
      state = (state * 48_271) % 2_147_483_647;
      text += parts[state % parts.length];
    }
    try {
      const { port, host } = parseRedisAddress(text);
      assert.ok(port > 0 && host !== "", text);
    } catch (error) {
      assert.ok(error instanceof RedisAddressError, `${JSON.stringify(text)}: ${error}`);
    }
  }
});
