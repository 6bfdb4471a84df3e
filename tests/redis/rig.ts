/** Connections of the product to a Redis of the test. */
import { openWire, type RedisAccess } from "../../src/sessions/store/redis/wire.ts";
import { RedisConnection, type RedisConnectionOptions } from "../../src/sessions/store/redis/connection.ts";
import { silentLogger } from "../../src/telemetry/logger.ts";
import { type RedisOptions, startRedis, type TestRedis } from "./server.ts";

/** Of all keys that tests make. */
export const PREFIX = "test:";
/** A machine that does much else may take its time. */
export const PATIENT_MS = 60_000;

/** A connection as the product has it; close it. */
export function connectionTo(
  access: RedisAccess,
  options: Partial<RedisConnectionOptions> = {},
): RedisConnection {
  return new RedisConnection({
    open: (timeoutMs, signal) => openWire(access, timeoutMs, signal),
    name: "test",
    where: "the test's Redis",
    callMs: PATIENT_MS,
    log: silentLogger,
    ...options,
  });
}

/** Runs with an empty Redis and a connection to it. */
export async function withRedis(
  run: (redis: TestRedis, connection: RedisConnection) => Promise<void>,
  options: RedisOptions = {},
): Promise<void> {
  await using redis = await startRedis(options);
  const connection = connectionTo(redis.access);
  try {
    await run(redis, connection);
  } finally {
    await connection.close();
  }
}
