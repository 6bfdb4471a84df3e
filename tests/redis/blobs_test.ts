/** Blobs in Redis: what the suite of all stores does not say. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { bytesOf, chunksOf } from "../../src/sessions/store/blob_suite.ts";
import { type BlobLimits, STANDARD_BLOB_LIMITS } from "../../src/sessions/store/blob_rules.ts";
import { PIECE_BYTES, type RedisBlobOptions, RedisBlobStore } from "../../src/sessions/store/redis/blobs.ts";
import { MARGIN_MS } from "../../src/sessions/store/redis/keys.ts";
import { silentLogger } from "../../src/telemetry/logger.ts";
import { waitFor } from "../cluster/wait.ts";
import { connectionTo, PREFIX, withRedis } from "./rig.ts";
import type { TestRedis } from "./server.ts";

const { signal } = new AbortController();
const facts = () => ({ expiresAt: Date.now() + 3_600_000, facts: { session: "sess-1" } });

function withBlobs(
  run: (
    given: {
      readonly redis: TestRedis;
      readonly blobs: RedisBlobStore;
      readonly more: (options: Partial<RedisBlobOptions>) => RedisBlobStore;
    },
  ) => Promise<void>,
  limits: BlobLimits = STANDARD_BLOB_LIMITS,
): Promise<void> {
  return withRedis(async (redis, connection) => {
    const more = (options: Partial<RedisBlobOptions>) =>
      new RedisBlobStore({ connection, prefix: PREFIX, limits, log: silentLogger, ...options });
    await run({ redis, blobs: more({}), more });
  });
}

const keysOf = async (redis: TestRedis, pattern = "*") =>
  (await redis.command("KEYS", pattern) as string[]).sort();
/** What is counted of room. */
const roomOf = async (redis: TestRedis) => [
  Number(await redis.command("GET", `${PREFIX}v1:bt`) ?? 0),
  await redis.command("HGETALL", `${PREFIX}v1:bs`),
];

Deno.test("blobs in Redis: large ones are kept in pieces of a mebibyte at most, and come back as they were", () =>
  withBlobs(async ({ redis, blobs }) => {
    const bytes = new Uint8Array(5 * PIECE_BYTES + 12_345);
    for (let at = 0; at < bytes.length; at += 97) bytes[at] = at;
    const info = await blobs.write(
      "ann",
      "large",
      facts(),
      chunksOf(bytes.subarray(0, 3), bytes.subarray(3)),
      signal,
    );
    assert.equal(info.sha256, createHash("sha256").update(bytes).digest("hex"));
    const pieces = await keysOf(redis, "*bd:*");
    assert.equal(pieces.length, 7);
    for (const key of pieces) assert.ok(Number(await redis.command("STRLEN", key)) <= PIECE_BYTES);
    const hash = createHash("sha256");
    for await (const chunk of (await blobs.read("ann", "large", signal))!) hash.update(chunk);
    assert.equal(hash.digest("hex"), info.sha256);
    for (const key of await keysOf(redis)) {
      const left = Number(await redis.command("PTTL", key));
      assert.ok(left > MARGIN_MS && left <= MARGIN_MS + 3_600_000, `${key}: ${left}`);
    }
    await blobs.delete("ann", "large", signal);
    assert.deepEqual(await keysOf(redis, "*b[dieouwz]*"), []);
    assert.deepEqual(await roomOf(redis), [0, []]);
  }));

Deno.test("blobs in Redis: what a crash has left is swept when nobody has written to it for long, and its room is free", () =>
  withBlobs(async ({ redis, blobs, more }) => {
    const half = (async function* () {
      yield* chunksOf("x".repeat(60));
      await new Promise(() => {});
    })();
    void blobs.write("ann", "half", facts(), half, signal);
    await waitFor(async () => (await keysOf(redis, "*bd:*")).length === 1, { what: "the first piece" });
    assert.equal(await blobs.sweep(signal), 0);
    assert.deepEqual(await roomOf(redis), [60, [await ownerOf(redis), "60"]]);
    await assert.rejects(blobs.write("ann", "next", facts(), chunksOf("x".repeat(61)), signal), {
      code: "limit",
    });
    assert.equal(await more({ leftoverMs: -1 }).sweep(signal), 0);
    assert.deepEqual(await keysOf(redis, "*b[du]:*"), []);
    assert.deepEqual(await roomOf(redis), [0, []]);
    await blobs.write("ann", "next", facts(), chunksOf("x".repeat(61)), signal);
  }, { maxBytes: 100, maxOwnerBytes: 120, maxTotalBytes: 150 }));

async function ownerOf(redis: TestRedis): Promise<string> {
  const [owner = ""] = await redis.command("HKEYS", `${PREFIX}v1:bs`) as string[];
  return owner;
}

Deno.test("blobs in Redis: one whose pieces were swept while it was written is not there", () =>
  withBlobs(async ({ redis, blobs, more }) => {
    const swept = async () => {
      await more({ leftoverMs: -1 }).sweep(signal);
    };
    const between = (async function* () {
      yield* chunksOf("a");
      await swept();
      yield* chunksOf("b");
    })();
    await assert.rejects(blobs.write("ann", "one", facts(), between, signal), {
      code: "failed",
      message: /is gone, for it took too long: try again/,
    });
    const before = (async function* () {
      yield* chunksOf("a");
      await swept();
    })();
    await assert.rejects(blobs.write("ann", "one", facts(), before, signal), { code: "failed" });
    assert.equal(await blobs.get("ann", "one", signal), undefined);
    assert.deepEqual(await roomOf(redis), [0, []]);
    assert.deepEqual(await keysOf(redis, "*bd:*"), []);
  }));

Deno.test("blobs in Redis: one that is deleted or damaged while it is read fails, and is not cut short", () =>
  withBlobs(async ({ redis, blobs }) => {
    await blobs.write("ann", "one", facts(), chunksOf("first", "second"), signal);
    const chunks = await blobs.read("ann", "one", signal);
    await blobs.delete("ann", "one", signal);
    await assert.rejects(bytesOf(chunks), { code: "failed", message: /piece 1 of 2 is not there/ });
    await blobs.write("ann", "two", facts(), chunksOf("first", "second"), signal);
    const [, last = ""] = await keysOf(redis, "*bd:*");
    await redis.command("SET", last, "sec");
    await assert.rejects(bytesOf(await blobs.read("ann", "two", signal)), {
      code: "failed",
      message: /its pieces are \d+ of 11 bytes/,
    });
  }));

Deno.test("blobs in Redis: what is known of one that cannot be read is no blob", () =>
  withBlobs(async ({ redis, blobs }) => {
    await blobs.write("ann", "one", facts(), chunksOf("a"), signal);
    const [key = ""] = await keysOf(redis, "*bi:*");
    for (const json of ["{", "{}", "null"]) {
      await redis.command("HSET", key, "j", json);
      assert.equal(await blobs.get("ann", "one", signal), undefined);
      assert.deepEqual(await blobs.list("ann", signal), []);
    }
    await blobs.delete("ann", "one", signal);
    assert.deepEqual(await roomOf(redis), [0, []]);
  }));

Deno.test("blobs in Redis: two coordinators share what there is room for", () =>
  withBlobs(async ({ redis, blobs }) => {
    const connection = connectionTo(redis.access);
    const limits = { maxBytes: 100, maxOwnerBytes: 100, maxTotalBytes: 100 };
    const other = new RedisBlobStore({ connection, prefix: PREFIX, limits, log: silentLogger });
    try {
      const results = await Promise.allSettled(
        Array.from(
          { length: 20 },
          (_, index) =>
            (index % 2 === 0 ? blobs : other).write(
              "ann",
              `b${index}`,
              facts(),
              chunksOf("x".repeat(15)),
              signal,
            ),
        ),
      );
      assert.equal(results.filter(({ status }) => status === "fulfilled").length, 6);
      assert.equal((await other.list("ann", signal)).length, 6);
      assert.deepEqual(await roomOf(redis), [90, [await ownerOf(redis), "90"]]);
    } finally {
      await connection.close();
    }
  }, { maxBytes: 100, maxOwnerBytes: 100, maxTotalBytes: 100 }));

Deno.test("blobs in Redis: very many that are over are swept page by page", () =>
  withBlobs(async ({ redis, blobs, more }) => {
    for (let index = 0; index < 45; index++) {
      await blobs.write("ann", `b${index}`, facts(), chunksOf("x"), signal);
    }
    assert.equal(await more({ now: () => Date.now() + 7_200_000 }).sweep(signal), 45);
    assert.deepEqual(await roomOf(redis), [0, []]);
    assert.deepEqual(await keysOf(redis, "*b[dieouwz]*"), []);
  }));
