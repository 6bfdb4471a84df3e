/** A Redis that is not as it should be: told in words, by real servers. */
import assert from "node:assert/strict";
import type { RedisConnection } from "../../src/sessions/store/redis/connection.ts";
import { RedisBlobStore } from "../../src/sessions/store/redis/blobs.ts";
import { RedisSessionStore } from "../../src/sessions/store/redis/sessions.ts";
import { RedisSightings } from "../../src/sessions/store/redis/sightings.ts";
import { RedisClaims, RedisText } from "../../src/sessions/store/redis/shared_text.ts";
import type { RedisAccess } from "../../src/sessions/store/redis/wire.ts";
import { STANDARD_BLOB_LIMITS } from "../../src/sessions/store/blob_rules.ts";
import { bytesOf, chunksOf, FACTS } from "../../src/sessions/store/blob_suite.ts";
import { record } from "../../src/sessions/store/suite.ts";
import { silentLogger } from "../../src/telemetry/logger.ts";
import { createAuthority } from "../cluster/pki.ts";
import { waitFor } from "../cluster/wait.ts";
import { connectionTo, PREFIX } from "./rig.ts";
import { freePorts } from "../cluster/ports.ts";
import { startRedis } from "./server.ts";

const { signal } = new AbortController();

/** Runs with a connection that is known to be there, or not to be. */
async function connected(
  access: RedisAccess,
  run: (connection: RedisConnection) => Promise<void>,
): Promise<void> {
  const connection = connectionTo(access);
  try {
    await connection.whenKnown(signal);
    await run(connection);
  } finally {
    await connection.close();
  }
}

function storeOn(connection: RedisConnection): RedisSessionStore {
  return new RedisSessionStore({ connection, prefix: PREFIX, log: silentLogger });
}

/** What a call says at such a server. */
async function refusalOf(access: RedisAccess): Promise<string> {
  let said = "";
  await connected(access, async (connection) => {
    assert.equal(connection.trouble?.isSetting, true);
    await assert.rejects(storeOn(connection).get("sess-1", signal), (error: Error & { code?: string }) => {
      assert.equal(error.code, "unavailable");
      said = error.message;
      return true;
    });
  });
  return said;
}

Deno.test("a password that is missing or wrong is told in words, and never shown", async () => {
  await using redis = await startRedis({ password: "right-hunter2" });
  assert.match(await refusalOf({ ...redis.access, password: undefined }), /--session-store-password-file/);
  const said = await refusalOf({ ...redis.access, password: "wrong-hunter3" });
  assert.match(said, /does not take the password or the user/);
  assert.doesNotMatch(said, /hunter/);
  const user = { ...redis.access.address, user: "nobody" };
  assert.match(await refusalOf({ ...redis.access, address: user }), /password or the user/);
});

Deno.test("a password that is given to a Redis without one is told in words", async () => {
  await using redis = await startRedis();
  assert.match(await refusalOf({ ...redis.access, password: "hunter2" }), /another sign-in|password/);
});

Deno.test("a database that is not there is told in words", async () => {
  await using redis = await startRedis({ args: ["--databases", "2"] });
  const address = { ...redis.access.address, database: 5 };
  assert.match(await refusalOf({ ...redis.access, address }), /does not have the database/);
  await connected({ ...redis.access, address: { ...address, database: 1 } }, async (connection) => {
    const made = await storeOn(connection).create(record(), 1, signal);
    assert.equal(made.version, 1);
    assert.deepEqual(await redis.command("KEYS", "*"), []);
  });
});

Deno.test("a certificate that is not to be trusted is told in words; a client's own is shown", async () => {
  await using redis = await startRedis({ tls: true, clientCertificates: true });
  const stranger = await createAuthority("somebody else");
  assert.match(
    await refusalOf({ ...redis.access, ca: stranger.certPem }),
    /cannot be trusted by TLS.*--session-store-ca-file/,
  );
  assert.match(await refusalOf({ ...redis.access, cert: undefined, key: undefined }), /TLS|certificate/i);
  const address = { ...redis.access.address, host: "localhost" };
  await connected({ ...redis.access, address }, async (connection) => {
    assert.equal(connection.trouble, undefined);
    assert.equal((await storeOn(connection).list({}, signal)).length, 0);
  });
});

Deno.test("a server that speaks something else is no Redis", async () => {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response("hello"));
  try {
    const address = { host: "127.0.0.1", port: server.addr.port, isTls: false, database: 0 };
    const connection = connectionTo({ address }, { callMs: 300 });
    await assert.rejects(storeOn(connection).get("sess-1", signal), { code: "unavailable" });
    await waitFor(() => !/^$|not answered yet/.test(connection.trouble?.text ?? ""), { what: "the trouble" });
    await connection.close();
  } finally {
    await server.shutdown();
  }
});

Deno.test("a Redis Cluster is refused", async () => {
  // By default its bus is 10,000 ports above, which may be anybody's.
  const bus = ["--cluster-port", String(freePorts(1)[0])];
  await using cluster = await startRedis({ args: ["--cluster-enabled", "yes", ...bus] });
  assert.match(await refusalOf(cluster.access), /is a Redis Cluster, which is not supported/);
});

Deno.test("a replica is refused, and taken when it has become the primary; a primary that becomes one is left", async () => {
  await using primary = await startRedis();
  await using replica = await startRedis({ args: ["--replicaof", "127.0.0.1", String(primary.port)] });
  assert.match(await refusalOf(replica.access), /is a replica: give the address of the primary/);
  await connected(replica.access, async (connection) => {
    await replica.command("REPLICAOF", "NO", "ONE");
    await waitFor(() => connection.trouble === undefined, { what: "the new primary" });
    const store = storeOn(connection);
    await store.create(record(), 1, signal);
    await replica.command("REPLICAOF", "127.0.0.1", String(primary.port));
    await assert.rejects(store.create(record(), 10, signal), {
      code: "unavailable",
      message: /read-only replica: give the address of the primary; nothing was done/,
    });
    await waitFor(() => /is a replica/.test(connection.trouble?.text ?? ""), { what: "the trouble" });
  });
});

Deno.test("a full one says so: nothing is made, what is there can be read and deleted; a checkpoint is refused as too large", async () => {
  await using redis = await startRedis({ args: ["--maxmemory", "4mb", "--maxmemory-policy", "noeviction"] });
  await connected(redis.access, async (connection) => {
    const store = storeOn(connection);
    const blobs = new RedisBlobStore({
      connection,
      prefix: PREFIX,
      limits: STANDARD_BLOB_LIMITS,
      log: silentLogger,
    });
    const made = await store.create(record(), 10, signal);
    const large = chunksOf(...Array.from({ length: 9 }, () => new Uint8Array(2 ** 20)));
    await assert.rejects(
      blobs.write("ann", "ckpt-1", { ...FACTS, expiresAt: Date.now() + 60_000 }, large, signal),
      {
        code: "limit",
        message: /is full \(maxmemory\)/,
      },
    );
    // Half of it is not there, and takes no room.
    assert.equal(await blobs.get("ann", "ckpt-1", signal), undefined);
    assert.deepEqual(await redis.command("KEYS", "*bd:*"), []);
    await redis.command("CONFIG", "SET", "maxmemory", "1kb");
    await assert.rejects(store.create(record(), 10, signal), {
      code: "unavailable",
      message: /is full \(maxmemory\): give it more memory; nothing was done/,
    });
    assert.deepEqual(await store.get(made.id, signal), made);
    await redis.command("CONFIG", "SET", "maxmemory", "100mb");
    assert.equal((await store.update({ ...made, reason: "x" }, signal))?.version, 2);
  });
});

/** As docs/sessions.md has it. */
async function documentedAcl(): Promise<string[]> {
  const text = await Deno.readTextFile(new URL("../../docs/sessions.md", import.meta.url));
  const line = /^ACL SETUSER (.*)$/m.exec(text)?.[1] ?? "";
  assert.notEqual(line, "", "docs/sessions.md has the commands that a user needs");
  return line.replace(">CHANGE-ME", ">hunter2").replace("~coder-k8s:sessions:*", `~${PREFIX}*`).split(" ");
}

Deno.test("the rights in the documentation are enough for everything, and for nothing else", async () => {
  await using redis = await startRedis();
  const [name = "", ...rights] = await documentedAcl();
  assert.equal(await redis.command("ACL", "SETUSER", name, ...rights), "OK");
  const access = { address: { ...redis.access.address, user: name }, password: "hunter2" };
  await connected(access, async (connection) => {
    assert.equal(connection.trouble, undefined);
    const store = storeOn(connection);
    const made = await store.create(record({ labels: { a: "1" } }), 1, signal);
    await store.touch(made.id, 5_000, 6_000, signal);
    const next = await store.update({ ...made, reason: "x", labels: {} }, signal);
    assert.equal(next?.version, 2);
    assert.equal((await store.list({ owner: "ann" }, signal)).length, 1);
    assert.equal((await store.list({ states: ["ready", "failed"] }, signal)).length, 1);
    assert.equal((await store.list({ owner: "ann", name: made.name, states: ["ready"] }, signal)).length, 1);
    await assert.rejects(store.create(record(), 1, signal), { code: "limit" });
    await store.expired(Date.now(), 10, signal);
    await store.count(signal);
    await store.delete(made.id, signal);
    const options = { connection, prefix: PREFIX };
    const limits = { maxBytes: 10, maxOwnerBytes: 10, maxTotalBytes: 10 };
    const blobs = new RedisBlobStore({
      ...options,
      limits,
      log: silentLogger,
      now: () => 1_000,
      leftoverMs: -1,
    });
    await blobs.write("ann", "a", FACTS, chunksOf("abc"), signal);
    assert.equal(await bytesOf(await blobs.read("ann", "a", signal)), "abc");
    await assert.rejects(blobs.write("ann", "b", FACTS, chunksOf("abcd", "efgh"), signal), { code: "limit" });
    assert.equal((await blobs.list("ann", signal)).length, 1);
    await blobs.delete("ann", "a", signal);
    await blobs.sweep(signal);
    const sightings = new RedisSightings(options);
    const worker = { id: "w", incarnation: "i" };
    await sightings.heard([worker], 60_000, signal);
    assert.equal(await sightings.isHeard(worker, signal), true);
    await sightings.gone(worker, signal);
    const text = new RedisText({ ...options, name: "keys" });
    assert.equal(await text.replace(undefined, "x", signal), true);
    assert.equal(await text.read(signal), "x");
    assert.equal(await new RedisClaims({ ...options, name: "plan" }).claim("n", 1_000, signal), true);
    for (const forbidden of [["KEYS", "*"], ["FLUSHALL"], ["CONFIG", "GET", "*"], ["GET", "other:key"]]) {
      const call = { operation: "test", signal };
      await assert.rejects(connection.command(forbidden, call), { message: /does not allow its user/ });
    }
  });
});

Deno.test("a user who may not do what is needed is told so", async () => {
  await using redis = await startRedis();
  await redis.command("ACL", "SETUSER", "reader", "on", ">hunter2", `~${PREFIX}*`, "+@read", "+@connection");
  const access = { address: { ...redis.access.address, user: "reader" }, password: "hunter2" };
  await connected(access, async (connection) => {
    // It may not even ask about the server; that is no reason not to try.
    await assert.rejects(storeOn(connection).create(record(), 1, signal), {
      code: "unavailable",
      message: /does not allow its user what is needed: see the ACL in docs\/sessions.md; nothing was done/,
    });
  });
});
