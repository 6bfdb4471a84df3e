/** One connection to a server that does as a test tells it: what comes from there is foreign. */
import assert from "node:assert/strict";
import { openWire, RedisLost, RedisRefusal, type RedisWire } from "../../src/sessions/store/redis/wire.ts";
import { seededRandom } from "../../src/telemetry/testing/random.ts";
import { startRedis } from "./server.ts";

const { signal } = new AbortController();
const PONG = "+PONG\r\n";

/** Answers each piece that comes by the next of its answers; undefined: closes. */
async function withServer(
  answers: readonly (string | Uint8Array | undefined)[],
  run: (open: () => Promise<RedisWire>) => Promise<void>,
): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  const serve = async (connection: Deno.Conn) => {
    open.add(connection);
    const buffer = new Uint8Array(65_536);
    for (const answer of answers) {
      if (await connection.read(buffer) === null || answer === undefined) break;
      await connection.write(typeof answer === "string" ? new TextEncoder().encode(answer) : answer);
    }
    // What it has no answer to it leaves open, or closes where it was told to.
    if (answers.at(-1) === undefined) connection.close();
  };
  const serving = (async () => {
    for await (const connection of listener) void serve(connection).catch(() => {});
  })();
  const { port } = listener.addr;
  const wires: RedisWire[] = [];
  try {
    await run(async () => {
      const wire = await openWire(
        { address: { host: "127.0.0.1", port, isTls: false, database: 0 } },
        60_000,
        signal,
      );
      wires.push(wire);
      return wire;
    });
  } finally {
    for (const wire of wires) wire.end("done");
    listener.close();
    await serving;
    for (const connection of open) {
      try {
        connection.close();
      } catch { /* it is closed */ }
    }
  }
}

Deno.test("wire: replies of every kind are told as they are", () =>
  withServer([
    PONG,
    ":-7\r\n",
    "$-1\r\n",
    "*-1\r\n",
    "*3\r\n$1\r\na\r\n:1\r\n*0\r\n",
    "$0\r\n\r\n",
    "-ERR no\r\n",
  ], async (open) => {
    const wire = await open();
    const call = () => wire.call(["X"]);
    assert.equal(await call(), -7);
    assert.equal(await call(), null);
    assert.equal(await call(), null);
    assert.deepEqual(await call(), ["a", 1, []]);
    assert.equal(await call(), "");
    await assert.rejects(call(), (error) => error instanceof RedisRefusal && error.message === "ERR no");
  }));

Deno.test("wire: a server that closes in the middle of a reply, or before it, has lost the call", async () => {
  for (
    const answers of [[PONG, undefined], [PONG, "$100\r\nhalf", undefined], [PONG, "*3\r\n:1\r\n", undefined]]
  ) {
    await withServer(answers, async (open) => {
      const wire = await open();
      const first = wire.call(["X"]);
      first.catch(() => {});
      // The next piece that comes makes it close.
      const second = wire.call(["Y"]);
      second.catch(() => {});
      wire.call(["Z"]).catch(() => {});
      const lost = await Promise.race([wire.whenLost, nudged(wire)]);
      assert.ok(lost instanceof RedisLost);
      await assert.rejects(first, RedisLost);
      await assert.rejects(second, RedisLost);
      await assert.rejects(wire.call(["X"]), RedisLost);
    });
  }
});

/** Sends until it is lost: pieces may have come as one. */
async function nudged(wire: RedisWire): Promise<RedisLost> {
  for (;;) {
    const error = await Promise.race([
      wire.call(["MORE"]).then(() => undefined, (error) => error),
      new Promise((resolve) => setTimeout(resolve, 20)),
    ]);
    if (error instanceof RedisLost) return error;
  }
}

Deno.test("wire: what is no Redis is left", async () => {
  for (
    const said of [
      "HTTP/1.1 400 Bad Request\r\n\r\n",
      "SSH-2.0-OpenSSH\r\n",
      "\x15\x03\x01\x00\x02\x02\x50",
      "\0\0\0\0\r\n",
    ]
  ) {
    await withServer([said], async (open) => {
      const opening = open();
      await assert.rejects(
        opening,
        (error) => error instanceof RedisLost || error instanceof RedisRefusal,
        said,
      );
    });
  }
});

Deno.test("wire: bytes of a server that has gone mad end the connection, or the call, and nothing else", async () => {
  const random = seededRandom(20_261_122);
  const alphabet = "*$+-:0123456789\r\n\r\n\r\nabc\0";
  for (let round = 0; round < 60; round++) {
    let said = "";
    for (let at = 0; at < 1 + random() * 40; at++) said += alphabet[Math.floor(random() * alphabet.length)];
    await withServer([PONG, said, undefined], async (open) => {
      const wire = await open();
      const called = wire.call(["X"]).then(() => "answered", (error) => {
        assert.ok(error instanceof RedisLost || error instanceof RedisRefusal, String(error));
        return "refused";
      });
      const outcome = await Promise.race([called, nudged(wire)]);
      assert.notEqual(outcome, undefined, JSON.stringify(said));
    });
  }
});

Deno.test("wire: bytes go there and back as they are; many calls at once are answered each by its own", async () => {
  await using redis = await startRedis();
  const wire = await redis.connect();
  try {
    const bytes = Uint8Array.from({ length: 70_000 }, (_, at) => at % 256);
    await wire.call(["SET", "a", bytes]);
    assert.deepEqual(new Uint8Array(await wire.call(["GET", "a"], true) as Uint8Array), bytes);
    const texts = Array.from({ length: 2_000 }, (_, index) => `text ${index} ü😀\0`);
    assert.deepEqual(await Promise.all(texts.map((text) => wire.call(["ECHO", text]))), texts);
    const mixed = await Promise.allSettled([
      wire.call(["ECHO", "a"]),
      wire.call(["NO-SUCH"]),
      wire.call(["ECHO", "b"]),
    ]);
    assert.deepEqual(mixed.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
  } finally {
    wire.end("done");
  }
});
