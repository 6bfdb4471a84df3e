/** What a coordinator opens for `--session-store`, on a real Redis. */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  openSessionStore,
  type SessionStores,
  type StoreSettings,
} from "../../src/app/sandbox/session_store.ts";
import { bytesOf, chunksOf } from "../../src/sessions/store/blob_suite.ts";
import { record } from "../../src/sessions/store/suite.ts";
import { recordingLogger } from "../../src/kube/testing/recording_logger.ts";
import { silentLogger } from "../../src/telemetry/logger.ts";
import { PrometheusMetrics } from "../../src/telemetry/prometheus.ts";
import { Redactor } from "../../src/telemetry/redactor.ts";
import { waitFor } from "../cluster/wait.ts";
import { PATIENT_MS, PREFIX } from "./rig.ts";
import { startRedis, type TestRedis } from "./server.ts";

const { signal } = new AbortController();

const MEMORY: StoreSettings = { sessionStorePrefix: PREFIX, checkpointBytes: 2 ** 20 };
const facts = () => ({ expiresAt: Date.now() + 3_600_000, facts: {} });

interface Context {
  readonly redactor: Redactor;
  readonly metrics: PrometheusMetrics;
  readonly log: typeof silentLogger;
}

async function use(
  settings: StoreSettings,
  run: (stores: SessionStores, context: Context) => Promise<void>,
  { log = silentLogger, callMs = PATIENT_MS } = {},
): Promise<void> {
  const context = { redactor: new Redactor(), metrics: new PrometheusMetrics(), log };
  const stores = await openSessionStore(settings, { ...context, callMs, signal });
  const end = new AbortController();
  const running = Promise.all(stores.secrets.runnables.map(({ run }) => run(end.signal)));
  try {
    await stores.secrets.whenReady(AbortSignal.timeout(60_000));
    await run(stores, context);
  } finally {
    end.abort();
    await running;
    await stores.close();
  }
}

/** Settings of a Redis with everything, its secrets in files. */
async function settingsOf(redis: TestRedis, password: string): Promise<StoreSettings> {
  const file = async (name: string, text: string | undefined) => {
    const path = join(redis.dir, name);
    await Deno.writeTextFile(path, text ?? "");
    return path;
  };
  return {
    ...MEMORY,
    sessionStore: redis.url,
    sessionStorePasswordFile: await file("password", `${password}\n`),
    sessionStoreCaFile: await file("authority.pem", redis.authority?.certPem),
    sessionStoreCertFile: await file("client.pem", redis.client?.certPem),
    sessionStoreKeyFile: await file("client-key.pem", redis.client?.keyPem),
  };
}

Deno.test("without a store everything is in memory, and nobody shares it", async () => {
  await use(MEMORY, async (stores) => {
    assert.equal(stores.isShared, false);
    assert.equal(stores.health(), undefined);
    await stores.store.create(record(), 1, signal);
    await use(MEMORY, async (others) => {
      assert.deepEqual(await others.store.list({}, signal), []);
      assert.notDeepEqual(others.secrets.keys().current, stores.secrets.keys().current);
    });
  });
});

Deno.test("with TLS, certificates and a password by file: coordinators share sessions, checkpoints, sightings, keys and plans", async () => {
  await using redis = await startRedis({ password: "hunter2-of-redis", tls: true, clientCertificates: true });
  const settings = await settingsOf(redis, "hunter2-of-redis");
  const { logger, lines } = recordingLogger();
  await use(settings, async (one, { redactor, metrics }) => {
    assert.equal(one.isShared, true);
    await use(settings, async (other) => {
      const made = await one.store.create(record(), 1, signal);
      assert.deepEqual(await other.store.get(made.id, signal), made);
      await one.blobs.write("ann", "ckpt-1", facts(), chunksOf("abc"), signal);
      assert.equal(await bytesOf(await other.blobs.read("ann", "ckpt-1", signal)), "abc");
      const worker = { id: "w1", incarnation: "i1" };
      await one.sightings.heard([worker], 60_000, signal);
      assert.equal(await other.sightings.isHeard(worker, signal), true);
      assert.deepEqual(other.secrets.keys(), one.secrets.keys());
      const { planToken } = await one.secrets.plans.issue({ hash: "a" });
      await other.secrets.plans.redeem(planToken, { hash: "a" });
      await assert.rejects(one.secrets.plans.redeem(planToken, { hash: "a" }), /used already/);
    });
    assert.equal(one.health(), undefined);
    assert.equal(redactor.text("it is hunter2-of-redis"), "it is [redacted]");
    const key = one.secrets.keys().current.toBase64();
    assert.equal(redactor.text(key), "[redacted]");
    const text = await metrics.text();
    assert.match(text, /coordinator_store_up\{connection="sessions"\} 1/);
    assert.match(text, /coordinator_store_up\{connection="checkpoints"\} 1/);
    assert.match(text, /coordinator_store_seconds_count\{operation="session.create",result="ok"\} 1/);
    assert.ok(!JSON.stringify(lines).includes("hunter2"));
  }, { log: logger });
});

Deno.test("sessions, checkpoints and keys outlive the coordinator", async () => {
  await using redis = await startRedis();
  const settings = { ...MEMORY, sessionStore: redis.url };
  let [id, keys] = ["", new Uint8Array()];
  await use(settings, async ({ store, blobs, secrets }) => {
    id = (await store.create(record(), 1, signal)).id;
    await blobs.write("ann", "ckpt-1", facts(), chunksOf("abc"), signal);
    keys = secrets.keys().current.slice();
  });
  await use(settings, async ({ store, blobs, secrets }) => {
    assert.equal((await store.get(id, signal))?.id, id);
    assert.equal(await bytesOf(await blobs.read("ann", "ckpt-1", signal)), "abc");
    assert.deepEqual(secrets.keys().current, keys);
  });
});

Deno.test("with a data directory checkpoints are there, and sessions in Redis", async () => {
  await using redis = await startRedis();
  const settings = { ...MEMORY, sessionStore: redis.url, dataDir: join(redis.dir, "data") };
  await use(settings, async ({ store, blobs, health }) => {
    await store.create(record(), 1, signal);
    await blobs.write("ann", "ckpt-1", facts(), chunksOf("abc"), signal);
    assert.equal(await bytesOf(await blobs.read("ann", "ckpt-1", signal)), "abc");
    assert.equal(health(), undefined);
    assert.deepEqual(await redis.command("KEYS", `${PREFIX}v1:b*`), []);
  });
});

Deno.test("readiness says that Redis is away, and that it is back", async () => {
  await using redis = await startRedis();
  await use({ ...MEMORY, sessionStore: redis.url }, async ({ health, store }) => {
    await redis.stop("SIGKILL");
    await waitFor(() => /^the session store (refuses|does not answer)/.test(health() ?? ""), {
      what: "the trouble",
    });
    await assert.rejects(store.count(signal), { code: "unavailable" });
    await redis.start();
    await waitFor(() => health() === undefined, { what: "Redis" });
    await waitFor(async () => (await store.count(signal)).ready === 0, { what: "an answer" });
  }, { callMs: 2_000 });
});

Deno.test("a password that is changed is read again for the next connection", async () => {
  await using redis = await startRedis({ password: "first-password" });
  const settings = {
    ...MEMORY,
    sessionStore: redis.url,
    sessionStorePasswordFile: join(redis.dir, "password"),
  };
  await Deno.writeTextFile(settings.sessionStorePasswordFile, "first-password");
  await use(settings, async ({ health, store }) => {
    await Deno.writeTextFile(settings.sessionStorePasswordFile, "second-password");
    const wire = await redis.connect();
    await wire.call(["CONFIG", "SET", "requirepass", "second-password"]);
    await wire.call(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    wire.end("done");
    await waitFor(async () => health() === undefined && (await store.count(signal)).ready === 0, {
      what: "Redis",
    });
  });
});

Deno.test("a start with a setting that is wrong ends at once, in words without secrets", async () => {
  await using redis = await startRedis({ password: "right-hunter2" });
  const password = join(redis.dir, "password");
  const start = (settings: Partial<StoreSettings>) =>
    openSessionStore({ ...MEMORY, sessionStore: redis.url, ...settings }, {
      log: silentLogger,
      metrics: new PrometheusMetrics(),
      redactor: new Redactor(),
      signal,
    });
  await assert.rejects(start({}), /^Error: --session-store: redis:.* --session-store-password-file$/);
  await Deno.writeTextFile(password, "wrong-hunter3\n");
  await assert.rejects(start({ sessionStorePasswordFile: password }), (error: Error) => {
    assert.match(error.message, /does not take the password or the user/);
    assert.doesNotMatch(error.message, /hunter/);
    return true;
  });
  await Deno.writeTextFile(password, "\n");
  await assert.rejects(
    start({ sessionStorePasswordFile: password }),
    /--session-store-password-file is empty/,
  );
  await assert.rejects(
    start({ sessionStorePasswordFile: `${password}-none` }),
    /password-none cannot be read/,
  );
});

Deno.test("a start that is given up ends, and leaves nothing", async () => {
  await using redis = await startRedis();
  redis.pause();
  const stop = new AbortController();
  const starting = openSessionStore({ ...MEMORY, sessionStore: redis.url }, {
    log: silentLogger,
    metrics: new PrometheusMetrics(),
    redactor: new Redactor(),
    signal: stop.signal,
  });
  stop.abort(new Error("enough"));
  await assert.rejects(starting, { message: "enough" });
  redis.resume();
});
